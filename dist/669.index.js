export const id = 669;
export const ids = [669];
export const modules = {

/***/ 2669:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  BatchOutOfOrderError: () => (/* binding */ BatchOutOfOrderError),
  createDatabaseDestination: () => (/* binding */ createDatabaseDestination),
  findGaps: () => (/* binding */ findGaps),
  storeBatch: () => (/* binding */ storeBatch)
});

// EXTERNAL MODULE: ./node_modules/kysely/dist/raw-builder/sql.js + 1 modules
var sql = __webpack_require__(189);
// EXTERNAL MODULE: ./build/src/github/sleep.js
var sleep = __webpack_require__(1830);
// EXTERNAL MODULE: ./build/src/store/database-unreachable-error.js
var database_unreachable_error = __webpack_require__(6730);
;// CONCATENATED MODULE: ./build/src/store/row-errors.js
/** A row that can't be stored as it is; nothing of its batch was stored. */
class InvalidRowError extends Error {
    name = 'InvalidRowError';
    code = 'invalid_row';
}
/** A row whose id is stored under another repository; nothing of its batch was stored. */
class ForeignRowError extends Error {
    name = 'ForeignRowError';
    code = 'row_of_another_repository';
}
/** PostgreSQL's own refusals that are about a row: class 22 (data), class 23 (constraints). */
const ABOUT_A_ROW = /^2[23]/;
/** A refusal of the database as a clear error; every other error as it is. */
function translateRowError(error) {
    if (!(error instanceof Error) || !('code' in error) || !ABOUT_A_ROW.test(String(error.code)))
        return error;
    const { table, constraint, detail } = error;
    // The detail of a unique or foreign key names the key; that of a check would quote the whole row.
    const isAboutKey = error.code === '23505' || error.code === '23503';
    const what = isAboutKey && detail ? detail : error.message;
    const where = [table, constraint].filter(Boolean).join(', ');
    return new InvalidRowError(`The database refuses a row${where ? ` (${where})` : ''}: ${what} Nothing of the batch was stored.`, { cause: error });
}

// EXTERNAL MODULE: ./node_modules/kysely/dist/query-compiler/compiled-query.js
var compiled_query = __webpack_require__(4596);
;// CONCATENATED MODULE: ./build/src/store/apply-snapshots.js

/** Rows that GitHub tells nothing of once they are gone; the others leave a tombstone. */
const NESTED = {
    pull_request: {
        items: 'pull_requests',
        deleted: ['commits', 'files', 'pull_request_labels', 'pull_request_assignees'],
        entombed: ['reviews', 'review_threads', 'comments'],
    },
    issue: { items: 'issues', deleted: ['issue_labels', 'issue_assignees'], entombed: ['comments'] },
};
/** Notes of which items all nested rows were fetched, and when that began. */
async function storeSnapshots(trx, snapshots) {
    for (const kind of ['pull_request', 'issue']) {
        const column = `${kind}_id`;
        const own = snapshots.filter((snapshot) => (snapshot[column] ?? null) !== null);
        if (own.length === 0)
            continue;
        await (0,sql/* sql */.l) `update ${sql/* sql */.l.table(NESTED[kind].items)} as item
      set nested_captured_at = greatest(item.nested_captured_at, incoming.started_at)
      from (select ${sql/* sql */.l.ref(column)} as id, max(started_at) as started_at
        from jsonb_to_recordset(${JSON.stringify(own)}::text::jsonb) as r (${sql/* sql */.l.ref(column)} bigint, started_at timestamptz)
        group by 1) as incoming
      where item.id = incoming.id`.execute(trx);
    }
}
/**
 * Removes the nested rows of these items that were last seen before the item's newest snapshot began: it would have seen
 * them. Done for every item that a batch touches, not only for those with a snapshot in it, so that rows which arrive
 * after a later snapshot don't come back.
 */
async function removeUnseen(trx, touched) {
    for (const kind of ['pull_request', 'issue']) {
        if (touched[kind].length === 0)
            continue;
        const { items, deleted, entombed } = NESTED[kind];
        const item = sql/* sql */.l.ref(`nested.${kind}_id`);
        const parts = [
            (0,sql/* sql */.l) `item as (select id, nested_captured_at as seen_at from ${sql/* sql */.l.table(items)}
        where id = any (${[...touched[kind]]}::bigint[]) and nested_captured_at is not null)`,
            ...deleted.map((table) => (0,sql/* sql */.l) `${sql/* sql */.l.ref(`of_${table}`)} as (delete from ${sql/* sql */.l.table(table)} as nested using item
          where ${item} = item.id and nested.captured_at < item.seen_at)`),
            // "Last seen" just before the snapshot: a row that is seen at the very time when it began is there.
            ...entombed.map((table) => (0,sql/* sql */.l) `${sql/* sql */.l.ref(`of_${table}`)} as (update ${sql/* sql */.l.table(table)} as nested
          set deleted_at = item.seen_at, captured_at = item.seen_at - interval '1 microsecond'
            ${table === 'review_threads' ? (0,sql/* sql */.l) `` : (0,sql/* sql */.l) `, body = null`}
          from item where ${item} = item.id and nested.captured_at < item.seen_at and nested.deleted_at is null)`),
        ];
        await (0,sql/* sql */.l) `with ${sql/* sql */.l.join(parts)} select 1`.execute(trx);
    }
}

// EXTERNAL MODULE: ./build/src/store/capture-tables.js
var capture_tables = __webpack_require__(87);
;// CONCATENATED MODULE: ./build/src/store/merge-duplicates.js
/**
 * One row for each key, ordered by key: a statement can't change a row twice, and two transactions that lock rows in one
 * order don't deadlock. Of rows with one key the newer wins, by the rules of the statement that stores it.
 */
function mergeDuplicates(rows, specification) {
    const byKey = new Map();
    for (const row of rows) {
        const key = specification.key.map((name) => String(row[name])).join('\0');
        const other = byKey.get(key);
        byKey.set(key, other === undefined ? row : mergeRows(other, row, specification));
    }
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
/** What two observations of one row, with the same columns, say together. */
function mergeRows(stored, incoming, specification) {
    const [newer, older] = isNewer(incoming, stored, specification) ? [incoming, stored] : [stored, incoming];
    const merged = { ...newer };
    for (const [name, { onNull }] of Object.entries(specification.columns)) {
        if (onNull === 'keep' && merged[name] === null)
            merged[name] = older[name];
    }
    for (const [name, { onlyWhile }] of Object.entries(specification.columns)) {
        if (onlyWhile !== undefined && merged[onlyWhile] === false && name in merged)
            merged[name] = null;
    }
    if (timeOf(older.captured_at) > timeOf(newer.captured_at))
        merged.captured_at = older.captured_at;
    if ('deleted_at' in merged) {
        merged.deleted_at = deletionOf(stored, incoming);
        if (merged.deleted_at !== null && 'body' in merged)
            merged.body = null;
    }
    return merged;
}
function isNewer(incoming, stored, { version }) {
    const captured = timeOf(incoming.captured_at) - timeOf(stored.captured_at);
    const versions = timeOf(incoming[version]) - timeOf(stored[version]);
    return (Number.isNaN(versions) ? captured : versions || captured) >= 0;
}
/** Whether it is gone, by the later of the two; by the one that says so when they are of one time. */
function deletionOf(stored, incoming) {
    const order = timeOf(incoming.captured_at) - timeOf(stored.captured_at);
    if (order > 0 && incoming.deleted_at === null)
        return null;
    if (order < 0 && stored.deleted_at === null)
        return null;
    const times = [stored.deleted_at, incoming.deleted_at].filter((time) => time !== null);
    return times.length === 2 && timeOf(times[1]) < timeOf(times[0]) ? times[1] : (times[0] ?? null);
}
function timeOf(value) {
    return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

;// CONCATENATED MODULE: ./build/src/store/upsert-sql.js

const SQL_TYPES = {
    id: 'bigint',
    number: 'integer',
    count: 'integer',
    integer: 'integer',
    boolean: 'boolean',
    text: 'text',
    timestamp: 'timestamptz',
};
/**
 * The statement that stores rows with these columns, so that whatever the order of arrival, the end is the same: a newer
 * row replaces, an older one only fills in what is not known, a deletion counts until the row is seen later.
 * `$1` is a JSON array of rows, `$2` the repository; a stored row of another repository is left as it is.
 */
function upsertSql(table, columns) {
    const { key } = capture_tables/* CAPTURE_TABLES */.T[table];
    const changes = changesOf(table, columns).join(',\n  ');
    const guard = isOwnSql(table);
    return `INSERT INTO ${table} AS stored (${columns.join(', ')})
SELECT ${columns.join(', ')} FROM ${recordsSql(table, columns)}
ON CONFLICT (${key.join(', ')}) DO UPDATE SET
  ${changes}${guard === null ? '' : `\nWHERE ${guard}`}`;
}
/** The statement that marks stored rows as deleted; rows that are not stored are ignored. `$1` and `$2` as above. */
function tombstoneSql(table, columns) {
    const { key } = capture_tables/* CAPTURE_TABLES */.T[table];
    const match = key.map((name) => `stored.${name} = excluded.${name}`).join(' AND ');
    const changes = changesOf(table, columns.filter((name) => name === 'deleted_at' || name === 'captured_at'));
    return `UPDATE ${table} AS stored SET ${changes.join(', ')}
FROM ${recordsSql(table, columns, 'excluded')}
WHERE ${match} AND (${isOwnSql(table) ?? 'true'})`;
}
/** Finds one stored row that the rows of `$1` name and that belongs to another repository than `$2`. */
function foreignRowSql(table) {
    const { key } = capture_tables/* CAPTURE_TABLES */.T[table];
    const match = key.map((name) => `stored.${name} = incoming.${name}`).join(' AND ');
    return `SELECT stored.* FROM ${recordsSql(table, key, 'incoming')} JOIN ${table} AS stored ON ${match}
WHERE NOT (${isOwnSql(table) ?? 'true'}) LIMIT 1`;
}
function recordsSql(table, columns, alias = 'incoming') {
    const { columns: specifications } = capture_tables/* CAPTURE_TABLES */.T[table];
    const types = columns.map((name) => {
        const type = specifications[name]?.type;
        if (type === undefined)
            throw new Error(`${table} has no column ${name}`);
        return `${name} ${SQL_TYPES[type]}`;
    });
    return `jsonb_to_recordset($1::text::jsonb) AS ${alias} (${types.join(', ')})`;
}
/** Whether the stored row belongs to the repository `$2`; null where its key says so, or nothing does. */
function isOwnSql(table) {
    const { owner, key, columns } = capture_tables/* CAPTURE_TABLES */.T[table];
    switch (owner) {
        case 'global':
        case 'self':
            return null;
        case 'repository_id':
            return key.includes('repository_id') ? null : 'stored.repository_id = $2';
        case 'parent': {
            if (key.includes('pull_request_id') || key.includes('issue_id'))
                return null;
            const parents = [
                ['pull_request_id', 'pull_requests'],
                ['issue_id', 'issues'],
            ].filter(([column = '']) => column in columns);
            return parents
                .map(([column, parent]) => {
                return `EXISTS (SELECT FROM ${parent} p WHERE p.id = stored.${column} AND p.repository_id = $2)`;
            })
                .join(' OR ');
        }
    }
}
function changesOf(table, incoming) {
    const { key, columns } = capture_tables/* CAPTURE_TABLES */.T[table];
    const isNewer = isNewerSql(table, incoming);
    const isDeleted = `(${DELETED_AT}) IS NOT NULL`;
    // A tombstone loses its body, also when the incoming row has none.
    const names = 'body' in columns && !incoming.includes('body') ? [...incoming, 'body'] : incoming;
    return names
        .filter((name) => !key.includes(name))
        .map((name) => {
        const column = columns[name];
        if (name === 'captured_at')
            return 'captured_at = greatest(stored.captured_at, excluded.captured_at)';
        if (name === 'deleted_at')
            return `deleted_at = ${DELETED_AT}`;
        const [stored, given] = [`stored.${name}`, `excluded.${name}`];
        let value = column?.onNull === 'keep'
            ? `CASE WHEN ${isNewer} THEN coalesce(${given}, ${stored}) ELSE coalesce(${stored}, ${given}) END`
            : `CASE WHEN ${isNewer} THEN ${given} ELSE ${stored} END`;
        if (!incoming.includes(name))
            value = stored;
        if (name === 'body')
            value = `CASE WHEN ${isDeleted} THEN NULL ELSE ${value} END`;
        const condition = column?.onlyWhile;
        if (condition !== undefined) {
            const holds = `CASE WHEN ${isNewer} THEN excluded.${condition} ELSE stored.${condition} END`;
            value = `CASE WHEN ${holds} THEN ${value} END`;
        }
        return `${name} = ${value}`;
    });
}
function isNewerSql(table, incoming) {
    const captured = 'excluded.captured_at >= stored.captured_at';
    const { version } = capture_tables/* CAPTURE_TABLES */.T[table];
    if (version === 'captured_at' || !incoming.includes(version))
        return captured;
    return `CASE WHEN excluded.${version} IS NULL OR stored.${version} IS NULL THEN ${captured}
    ELSE (excluded.${version}, excluded.captured_at) >= (stored.${version}, stored.captured_at) END`;
}
/**
 * Whether a row is gone is what the later of two observations says, by \`captured_at\`; when both are of one time, what
 * says that it is gone. Of two deletions the first one's time stays. (\`least\` ignores NULL.)
 */
const DELETED_AT = `CASE
    WHEN excluded.captured_at > stored.captured_at AND excluded.deleted_at IS NULL THEN NULL
    WHEN excluded.captured_at < stored.captured_at AND stored.deleted_at IS NULL THEN NULL
    ELSE least(stored.deleted_at, excluded.deleted_at) END`;

;// CONCATENATED MODULE: ./build/src/store/validate-rows.js


const MAX_INT4 = 2_147_483_647;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const CHECKS = {
    id: {
        isValid: (value) => Number.isSafeInteger(value) && Number(value) > 0,
        wanted: 'a positive whole number',
    },
    number: { isValid: (value) => isInt4(value) && Number(value) > 0, wanted: 'a positive whole number' },
    count: { isValid: (value) => isInt4(value) && Number(value) >= 0, wanted: 'a whole number, 0 or more' },
    integer: { isValid: isInt4, wanted: 'a whole number' },
    boolean: { isValid: (value) => typeof value === 'boolean', wanted: 'true or false' },
    text: {
        isValid: (value) => typeof value === 'string' && !value.includes('\0') && value.isWellFormed(),
        wanted: 'text without NUL and without lone surrogates (replace them by U+FFFD)',
    },
    timestamp: {
        isValid: (value) => typeof value === 'string' && TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value)),
        wanted: 'a time in ISO 8601 with a zone',
    },
};
const SNAPSHOT = {
    key: ['pull_request_id', 'issue_id'],
    version: 'captured_at',
    owner: 'parent',
    columns: {
        pull_request_id: { type: 'id', onNull: 'replace' },
        issue_id: { type: 'id', onNull: 'replace' },
        started_at: { type: 'timestamp', onNull: 'refuse', isRequired: true },
        captured_at: { type: 'timestamp', onNull: 'refuse', isRequired: true },
    },
};
/**
 * Checks every value of every row, and sorts the rows by what one statement can store. Rows belong to `repositoryId`,
 * whatever they say themselves.
 * @throws InvalidRowError naming table, key and column
 */
function validateRows(rows, repositoryId) {
    const groups = new Map();
    const tombstones = new Map();
    const snapshots = [];
    for (const { table, row: given } of rows) {
        if (table === 'snapshots') {
            checkColumns(table, SNAPSHOT, given);
            checkRequired(table, SNAPSHOT, given);
            checkParent(table, SNAPSHOT, given);
            snapshots.push(given);
            continue;
        }
        const specification = Object.hasOwn(capture_tables/* CAPTURE_TABLES */.T, table) ? capture_tables/* CAPTURE_TABLES */.T[table] : undefined;
        if (specification === undefined) {
            throw new InvalidRowError(`A capture can't write the table "${table}". Nothing of the batch was stored.`);
        }
        const row = complete(table, specification, given, repositoryId);
        checkColumns(table, specification, row);
        if (isBareTombstone(specification, row)) {
            addTo(tombstones, table, row);
            continue;
        }
        checkRequired(table, specification, row);
        if (table === 'comments')
            checkParent(table, specification, row);
        addTo(groups, table, row);
    }
    return { groups: [...groups.values()], tombstones: [...tombstones.values()], snapshots };
}
/** The row with what it leaves unsaid: its repository, that it is alive, that its other parent is none. */
function complete(table, { columns, owner }, row, repositoryId) {
    const more = {};
    if ('repository_id' in columns)
        more.repository_id = repositoryId;
    if ('deleted_at' in columns && row.deleted_at === undefined)
        more.deleted_at = null;
    if (table === 'comments' && (row.pull_request_id ?? row.issue_id) != null) {
        more.pull_request_id = row.pull_request_id ?? null;
        more.issue_id = row.issue_id ?? null;
    }
    // What a tombstone's text was is kept no more, nor what has lost its meaning.
    if (typeof row.deleted_at === 'string' && 'body' in row)
        more.body = null;
    for (const name in row) {
        const condition = Object.hasOwn(columns, name) ? columns[name]?.onlyWhile : undefined;
        if (condition !== undefined && row[condition] === false)
            more[name] = null;
    }
    return owner === 'global' ? { ...allColumns(columns, row), ...row } : { ...row, ...more };
}
/**
 * A row with all columns, in one order. People are shared by captures of all repositories: their rows are stored by one
 * statement in the order of their keys, for two that lock the same people in two orders would block each other.
 */
function allColumns(columns, row) {
    const names = Object.keys(columns).filter((name) => row[name] !== undefined || columns[name]?.onNull === 'keep');
    return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
}
function checkColumns(table, specification, row) {
    for (const name in row) {
        const column = Object.hasOwn(specification.columns, name) ? specification.columns[name] : undefined;
        if (column === undefined)
            throw refuse(table, specification, row, name, 'is not a column of the table');
        const value = row[name];
        if (value === null) {
            if (column.onNull === 'refuse')
                throw refuse(table, specification, row, name, 'must not be null');
        }
        else if (value === undefined) {
            throw refuse(table, specification, row, name, 'is undefined: leave it out, or send null');
        }
        else {
            checkValue(table, specification, row, name, column);
        }
    }
}
function checkValue(table, specification, row, name, { type, values, pattern }) {
    const value = row[name];
    const { isValid, wanted } = CHECKS[type];
    if (!isValid(value))
        throw refuse(table, specification, row, name, `must be ${wanted}`);
    if (values !== undefined && !values.includes(value)) {
        throw refuse(table, specification, row, name, `must be one of ${values.join(', ')}`);
    }
    if (pattern !== undefined && !pattern.test(value)) {
        throw refuse(table, specification, row, name, `must match ${pattern.source}`);
    }
}
function checkRequired(table, specification, row) {
    for (const name in specification.columns) {
        if (specification.columns[name]?.isRequired && row[name] === undefined) {
            throw refuse(table, specification, row, name, 'is missing');
        }
    }
}
function checkParent(table, specification, row) {
    const parents = [row.pull_request_id, row.issue_id].filter((id) => id !== undefined && id !== null);
    if (parents.length !== 1) {
        throw refuse(table, specification, row, 'pull_request_id', 'or issue_id must be given, and not both');
    }
}
function isBareTombstone({ key, columns }, row) {
    if (typeof row.deleted_at !== 'string')
        return false;
    if (!key.every((name) => row[name] !== undefined) || row.captured_at === undefined)
        return false;
    return Object.entries(columns).some(([name, { isRequired }]) => isRequired && row[name] === undefined);
}
function addTo(groups, table, row) {
    const columns = Object.keys(row);
    // As the columns come, since sorting them for every row costs more than a second statement for another order.
    const name = `${table} ${columns.join()}`;
    const group = groups.get(name);
    if (group === undefined)
        groups.set(name, { table, columns, rows: [row] });
    else
        group.rows.push(row);
}
function isInt4(value) {
    return Number.isInteger(value) && Math.abs(Number(value)) <= MAX_INT4;
}
function refuse(table, { key }, row, column, problem) {
    return new InvalidRowError(`${table} ${describeKey(key, row)}: column "${column.slice(0, 60)}" ${problem}. Nothing of the batch was stored.`);
}
/** The key of a row for a message, short. */
function describeKey(key, row) {
    return key
        .filter((name) => row[name] !== undefined)
        .map((name) => `${name} ${String(row[name]).slice(0, 100)}`)
        .join(', ');
}

;// CONCATENATED MODULE: ./build/src/store/store-capture-batch.js







/** One statement takes no more; a body has up to 65,536 characters, and one JSON value in Postgres up to 256 MB. */
const MOST = { rows: 10_000, characters: 16 * 1024 * 1024 };
/** Tables that others refer to; those who refer to them can only be checked once they are stored. */
const ITEMS = ['contributors', 'repositories', 'labels', 'pull_requests', 'issues'];
const ORDER = Object.keys(capture_tables/* CAPTURE_TABLES */.T);
/**
 * Stores captured rows in the caller's transaction, set by set: newer rows replace, older ones fill in what is not known,
 * tombstones and snapshots take away. The order of rows is free.
 * @returns how many rows were written
 * @throws InvalidRowError, ForeignRowError: the transaction can only be rolled back then
 */
async function storeCaptureBatch(trx, { repositoryId, rows }) {
    const { groups, tombstones, snapshots } = validateRows(rows, repositoryId);
    refuseOtherRepositories(groups, repositoryId);
    const sorted = groups.toSorted((a, b) => ORDER.indexOf(a.table) - ORDER.indexOf(b.table));
    const items = sorted.filter(({ table }) => ITEMS.includes(table));
    const nested = sorted.filter(({ table }) => !ITEMS.includes(table));
    const parents = parentsOf([...nested.flatMap((group) => group.rows), ...snapshots]);
    let stored = 0;
    try {
        for (const group of items)
            stored += await upsert(trx, group, repositoryId);
        await refuseForeignParents(trx, 'pull_requests', parents.pull_request, repositoryId);
        await refuseForeignParents(trx, 'issues', parents.issue, repositoryId);
        for (const group of nested)
            stored += await upsert(trx, group, repositoryId);
        await refuseForeignThreads(trx, nested, repositoryId);
        for (const group of tombstones)
            stored += await entomb(trx, group, repositoryId);
        await storeSnapshots(trx, snapshots);
        await removeUnseen(trx, parents);
    }
    catch (error) {
        throw translateRowError(error);
    }
    return { rows: stored };
}
function refuseOtherRepositories(groups, repositoryId) {
    for (const { table, rows } of groups) {
        if (table !== 'repositories')
            continue;
        const other = rows.find(({ id }) => id !== repositoryId);
        if (other === undefined)
            continue;
        throw new ForeignRowError(`repositories id ${other.id}: the batch is for repository ${repositoryId}. Nothing of it was stored.`);
    }
}
async function upsert(trx, { table, columns, rows }, repositoryId) {
    const statement = upsertSql(table, columns);
    let stored = 0;
    for (const chunk of chunksOf(mergeDuplicates(rows, capture_tables/* CAPTURE_TABLES */.T[table]))) {
        const changed = await run(trx, statement, chunk.json, repositoryId);
        if (changed < chunk.count)
            await refuseForeignRow(trx, table, chunk.json, repositoryId);
        stored += changed;
    }
    return stored;
}
async function entomb(trx, { table, columns, rows }, repositoryId) {
    const named = [...capture_tables/* CAPTURE_TABLES */.T[table].key, 'deleted_at', 'captured_at'];
    const statement = tombstoneSql(table, columns.filter((name) => named.includes(name)));
    let stored = 0;
    for (const chunk of chunksOf(mergeDuplicates(rows, capture_tables/* CAPTURE_TABLES */.T[table]))) {
        await refuseForeignRow(trx, table, chunk.json, repositoryId);
        stored += await run(trx, statement, chunk.json, repositoryId);
    }
    return stored;
}
async function run(trx, statement, json, repositoryId) {
    const parameters = statement.includes('$2') ? [json, repositoryId] : [json];
    const { numAffectedRows } = await trx.executeQuery(compiled_query/* CompiledQuery */.E.raw(statement, parameters));
    return Number(numAffectedRows ?? 0);
}
/** Names a row whose key is stored under another repository; nothing happens when there is none. */
async function refuseForeignRow(trx, table, json, repositoryId) {
    const statement = foreignRowSql(table);
    if (!statement.includes('$2'))
        return;
    const { rows } = await trx.executeQuery(compiled_query/* CompiledQuery */.E.raw(statement, [json, repositoryId]));
    const [foreign] = rows;
    if (foreign === undefined)
        return;
    throw new ForeignRowError(`${table} ${describeKey(capture_tables/* CAPTURE_TABLES */.T[table].key, foreign)} is stored under another repository than ${repositoryId}. Nothing of the batch was stored.`);
}
async function refuseForeignParents(trx, table, ids, repositoryId) {
    if (ids.length === 0)
        return;
    const { rows } = await (0,sql/* sql */.l) `
    select given.id, item.repository_id as owner
    from unnest(${[...ids]}::bigint[]) as given (id) left join ${sql/* sql */.l.table(table)} as item on item.id = given.id
    where item.repository_id is distinct from ${repositoryId} limit 1`.execute(trx);
    const [foreign] = rows;
    if (foreign === undefined)
        return;
    const name = `${table} id ${foreign.id}`;
    if (foreign.owner === null) {
        throw new InvalidRowError(`${name} is not stored, and rows of the batch belong to it. Send it before them or with them. Nothing of the batch was stored.`);
    }
    throw new ForeignRowError(`${name}, which rows of the batch belong to, is stored under another repository than ${repositoryId}. Nothing of the batch was stored.`);
}
/** A comment's thread must be of the repository too. */
async function refuseForeignThreads(trx, nested, repositoryId) {
    const comments = nested.filter(({ table }) => table === 'comments').flatMap(({ rows }) => rows);
    const ids = new Set(comments.map((row) => row.review_thread_id).filter((id) => typeof id === 'string'));
    if (ids.size === 0)
        return;
    const keys = [...ids].map((id) => ({ id }));
    for (const { json } of chunksOf(keys))
        await refuseForeignRow(trx, 'review_threads', json, repositoryId);
}
function parentsOf(rows) {
    const parents = { pull_request: new Set(), issue: new Set() };
    for (const { pull_request_id, issue_id } of rows) {
        if (typeof pull_request_id === 'number')
            parents.pull_request.add(pull_request_id);
        if (typeof issue_id === 'number')
            parents.issue.add(issue_id);
    }
    return { pull_request: [...parents.pull_request], issue: [...parents.issue] };
}
/** Rows as JSON arrays, none of them too large for one statement. */
function* chunksOf(rows) {
    let parts = [];
    let characters = 0;
    for (const row of rows) {
        const part = JSON.stringify(row);
        if (parts.length > 0 && (parts.length >= MOST.rows || characters + part.length > MOST.characters)) {
            yield { json: `[${parts.join()}]`, count: parts.length };
            parts = [];
            characters = 0;
        }
        parts.push(part);
        characters += part.length;
    }
    if (parts.length > 0)
        yield { json: `[${parts.join()}]`, count: parts.length };
}

;// CONCATENATED MODULE: ./build/src/destination/database.js





/** A batch whose number is not the next one: batches before it are missing. */
class BatchOutOfOrderError extends Error {
    name = 'BatchOutOfOrderError';
    code = 'out_of_order';
}
/** Two runs of one capture store at the same time: what this one knows of the stored place is no longer so. */
class AnotherRunError extends Error {
    name = 'AnotherRunError';
    code = 'another_run';
}
/**
 * Stores a capture, and where it stands, in a database that is migrated. The database stays open at `close`. A batch that
 * the database could not take just now (a deadlock, a lost connection, a restart of the server) is tried again.
 */
function createDatabaseDestination({ db, repositoryId, checkpointKey, }) {
    let known = repositoryId;
    /** Number of the last batch that this destination stored. */
    let own = 0;
    /** Whether the stored batch of this number is this very batch: it was stored, and only the answer got lost. */
    async function isStored({ sequence, checkpoint }) {
        const row = await db
            .selectFrom('capture_checkpoints')
            .select('key')
            .where('key', '=', checkpointKey)
            .where('sequence', '=', sequence)
            .where((0,sql/* sql */.l) `checkpoint = ${JSON.stringify(checkpoint)}::text::jsonb`)
            .executeTakeFirst();
        return row !== undefined;
    }
    return {
        async open() {
            const row = await db
                .selectFrom('capture_checkpoints')
                .select(['checkpoint', 'sequence', 'repository_id'])
                .where('key', '=', checkpointKey)
                .executeTakeFirst();
            known ??= row?.repository_id ?? undefined;
            return { checkpoint: row?.checkpoint ?? null, sequence: row?.sequence ?? 0 };
        },
        async write({ sequence, checkpoint, rows }) {
            const id = known ?? findRepositoryId(rows);
            const header = { sequence, checkpoint };
            const { stored } = await tryAgainWhenAway(() => db
                .transaction()
                .execute((trx) => storeBatch(trx, { key: checkpointKey, repositoryId: id, header, rows })));
            if (!stored && sequence > own && !(await isStored(header))) {
                throw new AnotherRunError(`Another run of this capture stored its batch ${sequence} meanwhile, so nothing of this run's was. Let the other one finish, then run this again.`);
            }
            own = Math.max(own, sequence);
            known = id;
            return { next: 'continue' };
        },
        async findGaps(counts) {
            // Nothing of the repository is stored under a number that no GitHub id has.
            return findGaps(db, { repositoryId: known ?? 0, counts });
        },
        async close() { },
    };
}
/** Milliseconds before each further try; half a minute in all, as a server's restart takes. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** PostgreSQL ended the one transaction so that the other goes on (PostgreSQL manual, 13.3.4). */
const DEADLOCK = '40P01';
/** @param work safe to repeat, also when it was done and only the answer got lost */
async function tryAgainWhenAway(work) {
    for (const waitMs of WAITS_MS) {
        try {
            return await work();
        }
        catch (error) {
            const isDeadlock = error instanceof Error && 'code' in error && error.code === DEADLOCK;
            if (!isDeadlock && !(error instanceof database_unreachable_error/* DatabaseUnreachableError */.O))
                throw error;
            await (0,sleep/* sleepFor */.d)(isDeadlock ? Math.random() * 100 : waitMs);
        }
    }
    return work();
}
function findRepositoryId(rows) {
    const id = rows.find(({ table }) => table === 'repositories')?.row.id;
    if (typeof id === 'number')
        return id;
    throw new InvalidRowError('The first batch of a capture lacks the row of its repository. Nothing of it was stored.');
}
/**
 * Stores a batch and where the capture stands after it, in the caller's transaction.
 * @returns `stored` false: this number was stored before, and nothing was changed
 * @throws BatchOutOfOrderError, InvalidRowError, ForeignRowError
 */
async function storeBatch(trx, { key, repositoryId, header: { sequence, checkpoint }, rows }) {
    await trx
        .insertInto('capture_checkpoints')
        .values({ key, repository_id: repositoryId, checkpoint: {} })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
    // Two runs of one capture wait for each other here.
    const { sequence: last } = await trx
        .selectFrom('capture_checkpoints')
        .select('sequence')
        .where('key', '=', key)
        .forUpdate()
        .executeTakeFirstOrThrow();
    if (sequence <= last)
        return { stored: false };
    if (sequence > last + 1) {
        throw new BatchOutOfOrderError(`Batch ${sequence} came, and the last one stored is ${last}: send batch ${last + 1} first. Nothing of it was stored.`);
    }
    await storeCaptureBatch(trx, { repositoryId, rows });
    await trx
        .updateTable('capture_checkpoints')
        .set({
        repository_id: repositoryId,
        sequence,
        checkpoint: JSON.stringify(checkpoint),
        // The one thing about checkpoints that is known outside of the capture engine.
        finished_at: checkpoint.isFinished === true ? (0,sql/* sql */.l) `now()` : null,
        updated_at: (0,sql/* sql */.l) `now()`,
    })
        .where('key', '=', key)
        .execute();
    return { stored: true };
}
/** Compares GitHub's totals of pull requests with what is stored, in one statement. */
async function findGaps(db, { repositoryId, counts }) {
    const { rows: gaps } = await (0,sql/* sql */.l) `
    select expected.number, gap.connection, gap.expected, gap.stored
    from jsonb_to_recordset(${JSON.stringify(counts)}::text::jsonb) as expected (number integer, comments bigint,
        reviews bigint, review_threads bigint, commits bigint, files bigint, labels bigint, assignees bigint)
      left join pull_requests p
        on p.repository_id = ${repositoryId} and p.number = expected.number and p.deleted_at is null
      cross join lateral (values
        ('pull_request', 1::bigint, (p.id is not null)::integer::bigint),
        ('comments', expected.comments, (select count(*) from comments x
          where x.pull_request_id = p.id and x.comment_type = 'issue' and x.deleted_at is null)),
        ('reviews', expected.reviews, (select count(*) from reviews x
          where x.pull_request_id = p.id and x.deleted_at is null)),
        ('review_threads', expected.review_threads, (select count(*) from review_threads x
          where x.pull_request_id = p.id and x.deleted_at is null)),
        ('review_comments', (select coalesce(sum(t.comments_count), 0) from review_threads t
          where t.pull_request_id = p.id and t.deleted_at is null), (select count(*) from comments x
          where x.pull_request_id = p.id and x.comment_type = 'review' and x.deleted_at is null)),
        ('commits', expected.commits, (select count(*) from commits x where x.pull_request_id = p.id)),
        ('files', expected.files, (select count(*) from files x where x.pull_request_id = p.id)),
        ('labels', expected.labels, (select count(*) from pull_request_labels x where x.pull_request_id = p.id)),
        ('assignees', expected.assignees, (select count(*) from pull_request_assignees x
          where x.pull_request_id = p.id))
      ) as gap (connection, expected, stored)
    where gap.expected <> gap.stored
    order by expected.number, gap.connection`.execute(db);
    return { numbers: [...new Set(gaps.map(({ number }) => number))], gaps };
}


/***/ }),

/***/ 87:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   T: () => (/* binding */ CAPTURE_TABLES)
/* harmony export */ });
const required = (type, more = {}) => ({
    type,
    onNull: 'refuse',
    isRequired: true,
    ...more,
});
const defaulted = (type) => ({ type, onNull: 'refuse' });
const kept = (type, more = {}) => ({ type, onNull: 'keep', ...more });
const replaced = (type) => ({ type, onNull: 'replace' });
const CAPTURED = { captured_at: required('timestamp') };
const PULL_REQUEST = { pull_request_id: required('id') };
const ISSUE = { issue_id: required('id') };
const REPOSITORY = { repository_id: required('id') };
const AUTHOR = { author_id: kept('id'), author_association: kept('text') };
const OID = { oid: required('text', { pattern: /^[0-9a-f]{40,64}$/ }) };
const COMMIT = {
    ...OID,
    message_headline: kept('text'),
    message_body: kept('text'),
    author_name: kept('text'),
    author_id: kept('id'),
    authored_at: kept('timestamp'),
    committer_name: kept('text'),
    committed_at: kept('timestamp'),
    ...CAPTURED,
};
const ITEM = {
    id: required('id'),
    node_id: kept('text'),
    ...REPOSITORY,
    number: required('number'),
    title: kept('text'),
    body: kept('text'),
    is_locked: kept('boolean'),
    ...AUTHOR,
    created_at: required('timestamp'),
    updated_at: required('timestamp'),
    closed_at: replaced('timestamp'),
    milestone: replaced('text'),
    comments_count: kept('count'),
    labels_count: kept('count'),
    assignees_count: kept('count'),
    deleted_at: replaced('timestamp'),
    ...CAPTURED,
};
/**
 * The tables that a capture writes, as src/store/migrations has them, in the order in which rows that refer to others
 * can be stored.
 */
const CAPTURE_TABLES = {
    contributors: {
        key: ['id'],
        version: 'captured_at',
        owner: 'global',
        columns: {
            id: required('id'),
            node_id: kept('text'),
            login: required('text', { pattern: /./ }),
            type: required('text', {
                values: ['User', 'Bot', 'Organization', 'Mannequin', 'EnterpriseUserAccount'],
            }),
            name: kept('text'),
            avatar_url: kept('text'),
            ...CAPTURED,
        },
    },
    repositories: {
        key: ['id'],
        version: 'captured_at',
        owner: 'self',
        columns: {
            id: required('id'),
            node_id: kept('text'),
            full_name: required('text', { pattern: /^[^/]+\/[^/]+$/ }),
            is_private: defaulted('boolean'),
            is_archived: defaulted('boolean'),
            is_fork: defaulted('boolean'),
            is_empty: defaulted('boolean'),
            default_branch: replaced('text'),
            stars_count: kept('count'),
            contributors_count: kept('count'),
            pull_requests_count: kept('count'),
            issues_count: kept('count'),
            counted_at: kept('timestamp'),
            created_at: kept('timestamp'),
            ...CAPTURED,
        },
    },
    labels: {
        key: ['id'],
        version: 'captured_at',
        owner: 'repository_id',
        columns: {
            id: required('text'),
            ...REPOSITORY,
            name: required('text'),
            color: kept('text'),
            description: kept('text'),
            is_default: kept('boolean'),
            deleted_at: replaced('timestamp'),
            ...CAPTURED,
        },
    },
    pull_requests: {
        key: ['id'],
        version: 'updated_at',
        owner: 'repository_id',
        columns: {
            ...ITEM,
            state: required('text', { values: ['OPEN', 'CLOSED', 'MERGED'] }),
            is_draft: kept('boolean'),
            merged_at: replaced('timestamp'),
            merged_by_id: kept('id'),
            merge_commit_oid: kept('text'),
            base_ref: kept('text'),
            base_oid: kept('text'),
            head_ref: kept('text'),
            head_oid: kept('text'),
            head_repository: kept('text'),
            review_decision: replaced('text'),
            additions: kept('count'),
            deletions: kept('count'),
            changed_files: kept('count'),
            reviews_count: kept('count'),
            review_threads_count: kept('count'),
            commits_count: kept('count'),
            files_count: kept('count'),
        },
    },
    issues: {
        key: ['id'],
        version: 'updated_at',
        owner: 'repository_id',
        columns: {
            ...ITEM,
            state: required('text', { values: ['OPEN', 'CLOSED'] }),
            state_reason: replaced('text'),
        },
    },
    reviews: {
        key: ['id'],
        version: 'updated_at',
        owner: 'parent',
        columns: {
            id: required('id'),
            node_id: kept('text'),
            ...PULL_REQUEST,
            ...AUTHOR,
            state: required('text', {
                values: ['PENDING', 'COMMENTED', 'APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'],
            }),
            body: kept('text'),
            commit_oid: kept('text'),
            submitted_at: kept('timestamp'),
            created_at: kept('timestamp'),
            updated_at: kept('timestamp'),
            deleted_at: replaced('timestamp'),
            ...CAPTURED,
        },
    },
    review_threads: {
        key: ['id'],
        version: 'captured_at',
        owner: 'parent',
        columns: {
            id: required('text'),
            ...PULL_REQUEST,
            path: required('text'),
            line: replaced('integer'),
            original_line: kept('integer'),
            start_line: replaced('integer'),
            original_start_line: kept('integer'),
            diff_side: kept('text'),
            subject_type: kept('text'),
            is_resolved: required('boolean'),
            is_outdated: kept('boolean'),
            resolved_by_id: kept('id', { onlyWhile: 'is_resolved' }),
            comments_count: kept('count'),
            deleted_at: replaced('timestamp'),
            ...CAPTURED,
        },
    },
    comments: {
        key: ['comment_type', 'id'],
        version: 'updated_at',
        owner: 'parent',
        columns: {
            comment_type: required('text', { values: ['issue', 'review'] }),
            id: required('id'),
            node_id: kept('text'),
            pull_request_id: replaced('id'),
            issue_id: replaced('id'),
            review_thread_id: kept('text'),
            review_id: kept('id'),
            in_reply_to_id: kept('id'),
            ...AUTHOR,
            body: kept('text'),
            is_minimized: kept('boolean'),
            created_at: required('timestamp'),
            updated_at: kept('timestamp'),
            deleted_at: replaced('timestamp'),
            ...CAPTURED,
        },
    },
    commits: {
        key: ['pull_request_id', 'oid'],
        version: 'captured_at',
        owner: 'parent',
        columns: { ...PULL_REQUEST, ...COMMIT },
    },
    branch_commits: {
        key: ['repository_id', 'oid'],
        version: 'captured_at',
        owner: 'repository_id',
        columns: { ...REPOSITORY, ...COMMIT },
    },
    files: {
        key: ['pull_request_id', 'path'],
        version: 'captured_at',
        owner: 'parent',
        columns: {
            ...PULL_REQUEST,
            path: required('text'),
            additions: required('count'),
            deletions: required('count'),
            change_type: kept('text'),
            ...CAPTURED,
        },
    },
    pull_request_labels: {
        key: ['pull_request_id', 'name'],
        version: 'captured_at',
        owner: 'parent',
        columns: { ...PULL_REQUEST, name: required('text'), ...CAPTURED },
    },
    pull_request_assignees: {
        key: ['pull_request_id', 'contributor_id'],
        version: 'captured_at',
        owner: 'parent',
        columns: { ...PULL_REQUEST, contributor_id: required('id'), ...CAPTURED },
    },
    issue_labels: {
        key: ['issue_id', 'name'],
        version: 'captured_at',
        owner: 'parent',
        columns: { ...ISSUE, name: required('text'), ...CAPTURED },
    },
    issue_assignees: {
        key: ['issue_id', 'contributor_id'],
        version: 'captured_at',
        owner: 'parent',
        columns: { ...ISSUE, contributor_id: required('id'), ...CAPTURED },
    },
};


/***/ }),

/***/ 6730:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   N: () => (/* binding */ unreachableReason),
/* harmony export */   O: () => (/* binding */ DatabaseUnreachableError)
/* harmony export */ });
/** The database gives no answer, or doesn't let us in; work can go on when it is back. */
class DatabaseUnreachableError extends Error {
    name = 'DatabaseUnreachableError';
    code = 'database_unreachable';
}
/** Conditions of PostgreSQL that say "not now" or "not you", by SQLSTATE (PostgreSQL manual, appendix A). */
const REFUSALS = {
    '28000': 'the server refuses this user',
    '28P01': 'the password is wrong',
    '3D000': 'the database does not exist',
    '53300': 'the server has too many connections',
    '57P01': 'the server is shutting down',
    '57P02': 'the server crashed',
    '57P03': 'the server is starting up or shutting down',
};
const NETWORK = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection lost',
    EPIPE: 'connection lost',
    ENOTFOUND: 'host name not found',
    EAI_AGAIN: 'host name could not be looked up',
    ETIMEDOUT: 'no answer in time',
    EHOSTUNREACH: 'host unreachable',
    ENETUNREACH: 'network unreachable',
    ENOENT: 'no such socket',
    EACCES: 'no permission for the socket',
};
/** Messages of `pg` and `pg-pool` that come without a code. */
const MESSAGES = [
    [/timeout expired|timeout exceeded|connection timeout/i, 'no answer in time'],
    [/connection terminated|not queryable|connection ended/i, 'connection lost'],
    [/does not support SSL/i, 'the server does not offer TLS'],
    [/certificate|self-signed|altname/i, "the server's TLS certificate is not trusted (DATABASE_CA)"],
];
/** Why the database can't be used just now; null: the error is about something else, a statement for instance. */
function unreachableReason(error) {
    if (error instanceof AggregateError) {
        return error.errors.map(unreachableReason).find((reason) => reason !== null) ?? null;
    }
    if (!(error instanceof Error))
        return null;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const known = REFUSALS[code] ?? NETWORK[code] ?? (code.startsWith('08') ? 'connection lost' : undefined);
    if (known !== undefined)
        return known;
    // An error of a statement has a five-character SQLSTATE, and its message may quote anything.
    if (/^[0-9A-Z]{5}$/.test(code))
        return null;
    return MESSAGES.find(([pattern]) => pattern.test(error.message))?.[1] ?? null;
}


/***/ })

};
