-- migrate:up
-- Nobody calls any more. The numbers are lost, so this needs an approval: see ../run.
ALTER TABLE customers DROP COLUMN phone;

-- migrate:down
ALTER TABLE customers ADD COLUMN phone TEXT;
