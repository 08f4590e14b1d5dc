-- name: archive_is_used
-- Whether an organisation holds anything but what it was born with.
SELECT 1 FROM entries WHERE account = :account AND path <> '' LIMIT 1;

-- name: archive_has_gates
-- Whether anything but files stands at environments.
SELECT 1 FROM gates WHERE account = :account LIMIT 1;

-- name: archive_replace_root
-- The root directory of an organisation that holds nothing, as it was elsewhere.
UPDATE entries SET id = :id, created_at = :created_at, updated_at = :updated_at
WHERE account = :account AND path = '' AND kind IS NULL AND deleted_at IS NULL;

-- name: archive_going_executions
-- How many runs have not ended.
SELECT count(*) FROM executions WHERE account = :account AND ended_at IS NULL;

-- name: archive_going_watches
-- How many moves are watched.
SELECT count(*) FROM watches WHERE account = :account AND ended_at IS NULL;

-- name: archive_secrets
-- How many sealed values there are.
SELECT count(*) FROM secrets WHERE account = :account;
