-- A database of version 4, as tidemark 0.1.0 made it at its fourth step: what it holds, and its schema.

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
  , wake INTEGER, seen INTEGER NOT NULL DEFAULT 0, priority INTEGER NOT NULL DEFAULT 0, lane TEXT, place INTEGER) STRICT;
INSERT INTO execution VALUES(1,'a','t',1,'Waiting',1,'me',1,2,50,1,0,NULL,NULL);
INSERT INTO execution VALUES(2,'b','t',1,'Running',1,'me',1,60,NULL,0,0,NULL,NULL);
INSERT INTO execution VALUES(3,'c','t',1,'Pending',0,NULL,4,4,40,0,2,'t k',0);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution TEXT NOT NULL,
    verb TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT
  ) STRICT;
INSERT INTO inbox VALUES(1,'b','resume','{"_tag":"resume"}',3,NULL);
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
INSERT INTO journal VALUES(1,0,1,1,'{"_tag":"Created","task":"t","version":1,"payload":{"id":"a"}}','4d1a90a2dcd44abff5da644961d59d6b',NULL);
INSERT INTO journal VALUES(1,1,1,1,'{"_tag":"Claimed","owner":"me","crashed":false}','e12b5a1a7fd3d7273e8ffd56624ce015',NULL);
INSERT INTO journal VALUES(1,2,1,2,'{"_tag":"PhaseSucceeded","path":"p","value":"it''s é"}','00e0ca4bdf18334c119bb207311311d5','Running');
INSERT INTO journal VALUES(2,0,1,1,'{"_tag":"Created","task":"t","version":1,"payload":{"id":"b"}}','2ec05b934e9e1b47eb8afcb1c3af2790',NULL);
INSERT INTO journal VALUES(2,1,1,1,'{"_tag":"Claimed","owner":"me","crashed":false}','5f1183659ff0b3c8e0fb6c7c56a2615e',NULL);
INSERT INTO journal VALUES(2,2,1,2,'{"_tag":"PhaseSucceeded","path":"p","value":"it''s é"}','aafd37fc3d38429ccb68852b2341a2d4',NULL);
INSERT INTO journal VALUES(2,3,1,2,'{"_tag":"Paused"}','80a0bdd7101fdcd0258ef43109fa9cf7','Paused');
INSERT INTO journal VALUES(3,0,0,4,'{"_tag":"Created","task":"t","version":1,"payload":{"id":"c"},"due":40}','110a5f42e000d49e5cfa4186c98c3766',NULL);
INSERT INTO journal VALUES(2,4,1,60,'{"_tag":"StageEntered","stage":"s","n":1,"state":{"page":2},"kept":{"startedAt":1,"updatedAt":1,"owner":"me"}}','f1aeba7b6760631936df6f10162cf46a','Running');
CREATE TABLE letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT
  ) STRICT;
INSERT INTO letter VALUES(2,1,'signal','s','1',5,NULL);
CREATE TABLE schedule (name TEXT NOT NULL PRIMARY KEY, reached INTEGER NOT NULL) STRICT;
INSERT INTO schedule VALUES('t/daily',7);
CREATE TABLE token (
    hash TEXT NOT NULL PRIMARY KEY,
    execution INTEGER NOT NULL,
    path TEXT NOT NULL,
    clear TEXT,
    schema TEXT NOT NULL,
    expires INTEGER,
    ended TEXT,
    outcome TEXT,
    beat INTEGER,
    progress TEXT
  ) STRICT;
INSERT INTO token VALUES('h',1,'q','clear','true',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX execution_by_age ON execution (created_at, id);
CREATE INDEX execution_by_status ON execution (status, created_at, id);
CREATE INDEX execution_by_task ON execution (task, created_at, id);
CREATE INDEX inbox_open ON inbox (id) WHERE answer IS NULL;
CREATE INDEX letter_by_execution ON letter (execution, at);
CREATE TRIGGER letter_completes AFTER INSERT ON letter WHEN NEW.kind = 'completion' BEGIN
    UPDATE token SET ended = 'completed', outcome = NEW.outcome WHERE hash = NEW.key;
  END;
CREATE INDEX execution_in_place ON execution (lane) WHERE place = 1;
CREATE INDEX execution_in_line ON execution (lane, -priority, coalesce(wake, created_at), id)
    WHERE place = 0 AND status = 'Pending';
CREATE INDEX execution_by_wake ON execution (wake, id) WHERE wake IS NOT NULL AND place IS NOT 0;
CREATE INDEX execution_in_line_by_wake ON execution (wake) WHERE wake IS NOT NULL AND place = 0;
CREATE INDEX execution_ready ON execution (created_at) WHERE status = 'Pending' AND place IS NOT 0;
CREATE TRIGGER journal_moves_status AFTER INSERT ON journal WHEN NEW.status IS NOT NULL BEGIN
    UPDATE execution SET status = NEW.status, updated_at = NEW.at, wake = NULL,
      place = CASE WHEN place IS NULL OR NEW.status IN ('Pending', 'Paused') THEN place
        ELSE NEW.status IN ('Running', 'Waiting', 'Closing', 'Reverting') END
      WHERE number = NEW.execution;
  END;
CREATE INDEX journal_of_stages ON journal (execution, seq) WHERE substr(body, 1, 22) = '{"_tag":"StageEntered"';
CREATE TABLE tag (tag TEXT NOT NULL, execution INTEGER NOT NULL, PRIMARY KEY (tag, execution)) STRICT, WITHOUT ROWID;
INSERT INTO tag VALUES('eu',1);
CREATE INDEX tag_by_execution ON tag (execution);
CREATE TRIGGER execution_takes_tags AFTER DELETE ON execution BEGIN DELETE FROM tag WHERE execution = OLD.number; END;
PRAGMA application_id = 1953064037;
PRAGMA user_version = 5;
