INSERT INTO a VALUES (_binary 'ÿþ');
