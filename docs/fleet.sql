-- The loads of all pools that any layout may have, over the summaries of many runs.
--
--     cat *.demand > all.jsonl
--     sqlite3 :memory: < fleet.sql
--
-- A row is a pool: it serves the blocks above `above` and up to `block`, and at most `load` of them
-- were live at one time in any run. Requests with an alignment of their own count with their block.

.mode ascii
.separator "\037" "\n"
CREATE TABLE line (text TEXT);
.import all.jsonl line
.mode list
.separator "|" "\n"

-- The blocks that were live at a moment of a run; the key is `block` or `block/alignment`.
CREATE TABLE live AS
SELECT line.rowid AS moment, CAST(each.key AS INTEGER) AS block, each.value AS blocks
FROM line, json_each(line.text, '$.live') AS each;

CREATE TABLE size AS SELECT DISTINCT block FROM live UNION SELECT 0;

-- The merge by maximum: of each pool the largest load at any moment of any run.
SELECT above, block, max(load)
FROM (
    SELECT below.block AS above, top.block AS block, sum(live.blocks) AS load
    FROM size AS below
    JOIN size AS top ON top.block > below.block
    JOIN live ON live.block > below.block AND live.block <= top.block
    GROUP BY below.block, top.block, live.moment
)
GROUP BY above, block
ORDER BY above, block;
