-- nothing to run
;; -- but semicolons
/* and /* an unclosed one ; */
;
/*
