CREATE TABLE users (id INTEGER PRIMARY KEY);
--> statement-breakpoint
