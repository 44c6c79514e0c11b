-- A database of version 1, as tidemark 0.1.0 made it at its first step: what it holds, and its schema.

CREATE TABLE execution (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
CREATE INDEX execution_by_age ON execution (created_at, id);
CREATE INDEX execution_by_status ON execution (status, created_at, id);
CREATE INDEX execution_by_task ON execution (task, created_at, id);
CREATE TABLE journal (
    execution INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    status TEXT,
    PRIMARY KEY (execution, seq)
  ) STRICT;
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution TEXT NOT NULL,
    verb TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT
  ) STRICT;
CREATE INDEX inbox_open ON inbox (id) WHERE answer IS NULL;
INSERT INTO execution VALUES (1, 'a', 't', 1, 'Running', 1, 'me', 1, 2);
INSERT INTO execution VALUES (2, 'b', 't', 1, 'Paused', 1, 'me', 1, 2);
INSERT INTO journal VALUES (1, 0, 1, 1, '{"_tag":"Created","task":"t","version":1,"payload":{"id":"a"}}', '4d1a90a2dcd44abff5da644961d59d6b', NULL);
INSERT INTO journal VALUES (1, 1, 1, 1, '{"_tag":"Claimed","owner":"me","crashed":false}', 'e12b5a1a7fd3d7273e8ffd56624ce015', NULL);
INSERT INTO journal VALUES (1, 2, 1, 2, '{"_tag":"PhaseSucceeded","path":"p","value":"it''s é"}', '00e0ca4bdf18334c119bb207311311d5', 'Running');
INSERT INTO journal VALUES (2, 0, 1, 1, '{"_tag":"Created","task":"t","version":1,"payload":{"id":"b"}}', '2ec05b934e9e1b47eb8afcb1c3af2790', NULL);
INSERT INTO journal VALUES (2, 1, 1, 1, '{"_tag":"Claimed","owner":"me","crashed":false}', '5f1183659ff0b3c8e0fb6c7c56a2615e', NULL);
INSERT INTO journal VALUES (2, 2, 1, 2, '{"_tag":"PhaseSucceeded","path":"p","value":"it''s é"}', 'aafd37fc3d38429ccb68852b2341a2d4', NULL);
INSERT INTO journal VALUES (2, 3, 1, 2, '{"_tag":"Paused"}', '80a0bdd7101fdcd0258ef43109fa9cf7', 'Paused');
INSERT INTO inbox VALUES (1, 'b', 'resume', '{"_tag":"resume"}', 3, NULL);
CREATE TRIGGER journal_moves_status AFTER INSERT ON journal WHEN NEW.status IS NOT NULL BEGIN
    UPDATE execution SET status = NEW.status, updated_at = NEW.at WHERE number = NEW.execution;
  END;
PRAGMA application_id = 1953064037;
PRAGMA user_version = 1;
