DELIMITER $$
CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 'a$$b'; END$$
  delimiter //
CREATE PROCEDURE q()
BEGIN
  -- not here: //
  UPDATE t SET a = b / c;
END;
//
SELECT 1; SELECT 2//
DELIMITER ;
SELECT 3;
Delimiter "|"
SELECT 4|SELECT 5 # and six|
|
DELIMITER ;; and what stands behind it
SELECT 7;;SELECT 8 ;;
DELIMITER ;
SELECT 9
