-- name: add_datapoints
-- Contents that their file does not have yet. A row is an id, a blank, the 64 digits of a digest, a body.
INSERT INTO datapoints (account, file_id, id, digest, body)
SELECT :account, :file_id, substr(c.value, 1, instr(c.value, ' ') - 1),
  substr(c.value, instr(c.value, ' ') + 1, 64), substr(c.value, instr(c.value, ' ') + 65)
FROM json_each(:rows) c WHERE true
ON CONFLICT (account, file_id, digest) DO NOTHING;

-- name: ids_of_datapoints
-- What a file has of these contents.
SELECT d.digest, d.id FROM json_each(:digests) c
CROSS JOIN datapoints d ON d.account = :account AND d.file_id = :file_id AND d.digest = c.value;

-- name: datapoints_by_id
-- Datapoints of any file.
SELECT {d.Datapoint} FROM json_each(:ids) c CROSS JOIN datapoints d ON d.account = :account AND d.id = c.value;

-- name: add_dataset_parts
-- Parts that their file does not have yet. A row is the 64 digits of a digest and a body.
INSERT INTO dataset_parts (account, file_id, digest, body)
SELECT :account, :file_id, substr(c.value, 1, 64), substr(c.value, 65) FROM json_each(:rows) c WHERE true
ON CONFLICT (account, file_id, digest) DO NOTHING;

-- name: parts_of_dataset
-- What a file has of these parts.
SELECT p.digest, p.body FROM json_each(:digests) c
CROSS JOIN dataset_parts p ON p.account = :account AND p.file_id = :file_id AND p.digest = c.value;
