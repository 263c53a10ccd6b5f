UPDATE a SET b = ? WHERE c = 1;
