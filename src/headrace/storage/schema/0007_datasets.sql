-- Datasets: datapoints once a file, and the parts that versions are put together from.

CREATE TABLE datapoints (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;
CREATE UNIQUE INDEX datapoints_digest ON datapoints (account, file_id, digest);

-- Chunks of ids and lists of chunks, by the digests of their bodies.
CREATE TABLE dataset_parts (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (account, file_id, digest)
) STRICT;
