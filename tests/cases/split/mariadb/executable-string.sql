SELECT /*!80000 '*/ DROP TABLE a; -- ' */ 1;
