-- part: place
-- What a list is ordered by that has no index for each order: times as texts of one length.
CASE :sort WHEN 'created_at' THEN lpad((e.created_at + 4611686018427387904)::text, 19, '0')
  WHEN 'updated_at' THEN lpad((e.updated_at + 4611686018427387904)::text, 19, '0') ELSE e.name END

-- name: logs_at
-- The logs at these places, in that order.
SELECT {l.Log} FROM json_each(:places) c JOIN kept_logs l ON l.place = c.value
ORDER BY c.nth;

-- name: put_words
-- What a log is found by from now on.
INSERT INTO log_words (place, words) VALUES (:place, array_to_tsvector(string_to_array(:words, ' ')))
ON CONFLICT (place) DO UPDATE SET words = excluded.words;

-- name: remove_words
-- Find a log by words no more.
DELETE FROM log_words WHERE place = :place;

-- name: count_with_words
-- How many logs have the words.
SELECT count(*) FROM log_words WHERE words @@ (:match::text)::tsquery AND place BETWEEN :first AND :last;

-- name: newest_with_words
-- A page of the logs that have the words.
SELECT place FROM log_words WHERE words @@ (:match::text)::tsquery AND place BETWEEN :first AND :last
ORDER BY place DESC LIMIT :take OFFSET :skip;

-- name: with_part
-- The logs of a file that have a part in their id.
SELECT l.place FROM logs l WHERE file_number = :file_number AND {in_range} AND {of_version} AND id LIKE :pattern;

-- name: count_with_part
-- How many they are.
SELECT count(*) FROM logs l WHERE file_number = :file_number AND {in_range} AND {of_version} AND id LIKE :pattern;

-- name: newest_with_part
-- A page of them.
SELECT l.place FROM logs l WHERE file_number = :file_number AND {in_range} AND {of_version} AND id LIKE :pattern
ORDER BY place DESC LIMIT :take OFFSET :skip;

-- name: remove_awaited
-- A run does not need these any more. The array has each place looked up, whatever is known of the table.
DELETE FROM awaited WHERE account = :account AND run_id = :run_id AND version_id = :version_id
  AND place = ANY(ARRAY(SELECT c.value FROM json_each(:places) c));

-- name: last_uses
-- The newest logs of each of some versions, looked up version by version.
SELECT {use} FROM json_each(:version_ids) c
JOIN usage u ON u.account = :account AND u.version_id = c.value
JOIN LATERAL (
  SELECT * FROM logs p WHERE p.version_number = u.number ORDER BY p.place DESC LIMIT :take) l ON TRUE;

-- name: lock_files
-- Files that are there, by their ids, short ids or paths; they stay as they are until the end of the transaction.
SELECT id, short_id, path FROM entries
WHERE account = :account AND kind IS NOT NULL AND deleted_at IS NULL AND owner_id IS NULL
  AND (id = ANY(ARRAY(SELECT c.value FROM json_each(:refs) c))
    OR short_id = ANY(ARRAY(SELECT c.value FROM json_each(:refs) c))
    OR path = ANY(ARRAY(SELECT c.value FROM json_each(:paths) c)))
ORDER BY id FOR NO KEY UPDATE;

-- name: expire_receipts
-- Forget the oldest receipts from before a time, up to a number; not those that others are about to forget.
DELETE FROM receipts WHERE (account, operation, parent, token) IN (
  SELECT account, operation, parent, token FROM receipts WHERE account = :account AND created_at < :before
  ORDER BY created_at, operation, parent, token LIMIT :most FOR UPDATE SKIP LOCKED);
