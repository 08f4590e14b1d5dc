-- The words of logs, by place. The index gathers what is new by itself.
DROP TABLE new_words;
CREATE TABLE log_words (
  place INTEGER NOT NULL PRIMARY KEY,
  words tsvector NOT NULL
);
CREATE INDEX log_words_words ON log_words USING gin (words);

-- Three characters of ids in a row. Without the extension every id of a file is looked at.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX logs_triples ON logs USING gin (id gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
  RAISE NOTICE 'pg_trgm can not be used here';
END $$;
