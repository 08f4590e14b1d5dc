-- What has flows run.

-- source: a word for it; NULL when somebody just called the flow.
ALTER TABLE executions ADD COLUMN source TEXT;
