SELECT 'ÿþ', naïve FROM té;
ï»¿SELECT 2;
