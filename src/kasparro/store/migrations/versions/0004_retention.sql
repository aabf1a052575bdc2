-- The body of an old payload may lie in a file instead, in the folder `moved_to`, named after its SHA-256.
ALTER TABLE payloads ALTER body DROP NOT NULL;
ALTER TABLE payloads ADD moved_to text;
ALTER TABLE payloads ADD CONSTRAINT payloads_body_check CHECK ((body IS NULL) = (moved_to IS NOT NULL));
CREATE INDEX payloads_moved ON payloads (moved_to) WHERE moved_to IS NOT NULL;
