-- The requester's signature over the request; none under requests of older versions.
ALTER TABLE policy_request ADD COLUMN signature TEXT;
