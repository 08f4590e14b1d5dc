-- name: add_datapoints
-- Contents that their file does not have yet. A row is an id, a blank, the 64 digits of a digest, a body.
INSERT INTO datapoints (account, file_id, id, digest, body)
SELECT :account, :file_id, substr(c.value, 1, instr(c.value, ' ') - 1),
  substr(c.value, instr(c.value, ' ') + 1, 64), substr(c.value, instr(c.value, ' ') + 65)
FROM json_each(:rows) c WHERE true
ON CONFLICT (account, file_id, digest) DO NOTHING;

-- name: ids_of_datapoints
-- What a file has of these contents; NULL where not. No join: PostgreSQL would read all of a file that is new.
SELECT c.value, (
  SELECT d.id FROM datapoints d WHERE d.account = :account AND d.file_id = :file_id AND d.digest = c.value
) FROM json_each(:digests) c;

-- name: datapoints_by_id
-- Datapoints of any file: a file's id, a blank, the 64 digits of a digest, a body; NULL where there is none.
SELECT c.value, (
  SELECT d.file_id || ' ' || d.digest || d.body FROM datapoints d WHERE d.account = :account AND d.id = c.value
) FROM json_each(:ids) c;

-- name: add_dataset_parts
-- Parts that their file does not have yet. A row is the 64 digits of a digest and a body.
INSERT INTO dataset_parts (account, file_id, digest, body)
SELECT :account, :file_id, substr(c.value, 1, 64), substr(c.value, 65) FROM json_each(:rows) c WHERE true
ON CONFLICT (account, file_id, digest) DO NOTHING;

-- name: parts_of_dataset
-- What a file has of these parts; NULL where it has none.
SELECT c.value, (
  SELECT p.body FROM dataset_parts p WHERE p.account = :account AND p.file_id = :file_id AND p.digest = c.value
) FROM json_each(:digests) c;
