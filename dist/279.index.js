export const id = 279;
export const ids = [279];
export const modules = {

/***/ 8279:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  createNdjsonFilesDestination: () => (/* binding */ createNdjsonFilesDestination)
});

// UNUSED EXPORTS: CHECKPOINT_FILE

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(7598);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(1455);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(8161);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
// EXTERNAL MODULE: external "node:process"
var external_node_process_ = __webpack_require__(1708);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 11 modules
var schemas = __webpack_require__(2857);
// EXTERNAL MODULE: ./build/src/jobs-api/protocol.js
var protocol = __webpack_require__(8699);
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
// EXTERNAL MODULE: external "node:readline"
var external_node_readline_ = __webpack_require__(481);
// EXTERNAL MODULE: ./build/src/destination/json-line.js
var json_line = __webpack_require__(4697);
;// CONCATENATED MODULE: ./build/src/destination/merge-row.js
/**
 * What is known after `incoming` was captured of a row that is `stored`, whatever the order of their arrival: the newer
 * version wins column by column; of an older one only what was not known is taken; an absent column says nothing.
 */
function mergeRow(stored, incoming, rules) {
    const isNewer = compareVersions(incoming, stored, rules) >= 0;
    const merged = { ...stored };
    for (const [column, value] of Object.entries(incoming)) {
        if (column === 'deleted_at')
            continue;
        // Where null is a value of its own (`closed_at` of an open item), an older row must not replace it.
        const isUnknown = stored[column] === undefined || (stored[column] === null && rules.keep.has(column));
        if (isUnknown || (isNewer && !(value === null && rules.keep.has(column))))
            merged[column] = value;
    }
    merged.captured_at = laterOf(stored.captured_at, incoming.captured_at);
    const deletedAt = deletionOf(stored, incoming);
    if (typeof deletedAt === 'string')
        return entomb(merged, deletedAt);
    return isDeleted(stored) ? { ...merged, deleted_at: null } : merged;
}
/** When the row was deleted, as far as the later of the two knows; null: it is there. */
function deletionOf(stored, incoming) {
    if (isDeleted(stored)) {
        const isSeenAgain = timeOf(incoming.captured_at) > timeOf(stored.deleted_at);
        return isSeenAgain ? (incoming.deleted_at ?? null) : stored.deleted_at;
    }
    return timeOf(incoming.captured_at) >= timeOf(stored.captured_at) ? (incoming.deleted_at ?? null) : null;
}
/** Of a tombstone's text nothing is kept. */
function entomb(row, deletedAt) {
    return { ...row, deleted_at: deletedAt, ...('body' in row && { body: null }) };
}
function isDeleted(row) {
    return row.deleted_at !== undefined && row.deleted_at !== null;
}
/** Milliseconds of an ISO 8601 time; what is no time is older than all. */
function timeOf(value) {
    const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}
function compareVersions(left, right, { version }) {
    const isKnown = Number.isFinite(timeOf(left[version])) && Number.isFinite(timeOf(right[version]));
    const byVersion = isKnown ? compare(timeOf(left[version]), timeOf(right[version])) : 0;
    return byVersion || compare(timeOf(left.captured_at), timeOf(right.captured_at));
}
function compare(left, right) {
    return left === right ? 0 : left < right ? -1 : 1;
}
function laterOf(left, right) {
    return timeOf(right) > timeOf(left) ? right : left;
}

;// CONCATENATED MODULE: ./build/src/destination/compact-ndjson.js






/** Rows of this many bytes are merged in memory at once, where they take some ten times as much. */
const PART_BYTES = 4 * 1024 * 1024;
/** Text that is gathered before it is written. */
const WRITE_CHARACTERS = 256 * 1024;
/**
 * Merges rows from several files into `target`, one line a row with all columns (null where not known), in no particular
 * order. Later files are captured later. Memory is bounded: large tables are split by a hash of the key first.
 * `target` may be among the sources; it is replaced in one step.
 *
 * @param workFolder for what is made on the way; on the target's file system
 */
async function compactTable(target, workFolder, sources, rules, snapshots, partBytes = PART_BYTES) {
    const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
    const parts = Math.ceil(bytes / partBytes);
    const temporary = (0,external_node_path_.join)(workFolder, `${(0,external_node_path_.basename)(target)}.tmp`);
    const output = await openWriter(temporary);
    try {
        if (parts <= 1) {
            await mergeInto(output, sources, rules, snapshots);
        }
        else {
            const folder = await (0,promises_.mkdtemp)((0,external_node_path_.join)(workFolder, 'parts-'));
            try {
                const paths = Array.from({ length: parts }, (_, index) => (0,external_node_path_.join)(folder, `${index}`));
                await split(sources, paths, rules.key);
                for (const path of paths)
                    await mergeInto(output, [await extentOf(path)], rules, snapshots);
            }
            finally {
                await (0,promises_.rm)(folder, { recursive: true, force: true });
            }
        }
    }
    finally {
        await output.close();
    }
    await (0,promises_.rename)(temporary, target);
}
/** The whole file; nothing when there is none. */
async function extentOf(path) {
    const bytes = await (0,promises_.stat)(path).then(({ size }) => size, (error) => {
        if (error.code === 'ENOENT')
            return 0;
        throw error;
    });
    return { path, bytes };
}
/** @throws Error that names file and line, when a line is no JSON object */
async function* readRows({ path, bytes }) {
    if (bytes === 0)
        return;
    let number = 0;
    const input = (0,external_node_fs_.createReadStream)(path, { end: bytes - 1 });
    for await (const line of (0,external_node_readline_.createInterface)({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        number += 1;
        yield parseRow(line, `${path}, line ${number}`);
    }
}
function parseRow(line, where) {
    try {
        const row = JSON.parse(line);
        if (typeof row === 'object' && row !== null && !Array.isArray(row))
            return row;
    }
    catch {
        // Told below, with its place.
    }
    throw new Error(`${where} is no row that a capture wrote. Remove the file, or choose another folder.`);
}
async function split(sources, paths, key) {
    const outputs = await Promise.all(paths.map(openWriter));
    try {
        for (const source of sources) {
            for await (const row of readRows(source)) {
                await outputs[hash(keyOf(row, key)) % outputs.length]?.write((0,json_line/* toJsonLine */.i)(row));
            }
        }
    }
    finally {
        for (const output of outputs)
            await output.close();
    }
}
async function mergeInto(output, sources, rules, snapshots) {
    const rows = new Map();
    for (const source of sources) {
        for await (const row of readRows(source)) {
            const key = keyOf(row, rules.key);
            const stored = rows.get(key);
            rows.set(key, stored ? mergeRow(stored, row, rules) : row);
        }
    }
    for (const row of rows.values()) {
        const shown = applySnapshot(row, rules, snapshots);
        if (shown)
            await output.write((0,json_line/* toJsonLine */.i)(withAllColumns(shown, rules.columns)));
    }
}
/** The row after the snapshot of its item; null: it is no longer there. */
function applySnapshot(row, rules, snapshots) {
    if (rules.snapshotOf) {
        const snapshot = snapshots[rules.snapshotOf].get(row.id);
        const isNews = snapshot && timeOf(snapshot.startedAt) > timeOf(row.nested_captured_at);
        return isNews ? { ...row, nested_captured_at: snapshot.startedAt } : row;
    }
    if (rules.missing === 'keep')
        return row;
    const snapshot = snapshots.pull_request_id.get(row.pull_request_id) ?? snapshots.issue_id.get(row.issue_id);
    if (!snapshot || timeOf(row.captured_at) >= timeOf(snapshot.startedAt))
        return row;
    if (rules.missing === 'delete')
        return null;
    return isDeleted(row) ? row : entomb(row, snapshot.capturedAt);
}
function withAllColumns(row, columns) {
    return { ...Object.fromEntries(columns.map((column) => [column, null])), ...row };
}
function keyOf(row, key) {
    return key.length === 1 && key[0] ? String(row[key[0]]) : JSON.stringify(key.map((column) => row[column]));
}
function hash(text) {
    let value = 0;
    for (let index = 0; index < text.length; index += 1)
        value = (value * 31 + text.charCodeAt(index)) >>> 0;
    return value;
}
/** Writes to a new file in larger pieces; every failure reaches the caller. */
async function openWriter(path) {
    const file = await (0,promises_.open)(path, 'w');
    let pending = '';
    return {
        async write(line) {
            pending += line;
            if (pending.length < WRITE_CHARACTERS)
                return;
            const text = pending;
            pending = '';
            await file.appendFile(text);
        },
        async close() {
            try {
                await file.appendFile(pending);
            }
            finally {
                await file.close();
            }
        },
    };
}

// EXTERNAL MODULE: ./build/src/destination/destination.js
var destination = __webpack_require__(8658);
// EXTERNAL MODULE: ./build/src/store/capture-tables.js
var capture_tables = __webpack_require__(87);
;// CONCATENATED MODULE: ./build/src/destination/ndjson-tables.js

/** Rows of NDJSON files: the tables of the database, with the columns that a capture fills. */
const NDJSON_TABLES = Object.fromEntries(Object.entries(capture_tables/* CAPTURE_TABLES */.T).map(([name, specification]) => [name, rulesOf(name, specification)]));
function rulesOf(name, { key, version, owner, columns }) {
    const snapshotOf = name === 'pull_requests' ? 'pull_request_id' : name === 'issues' ? 'issue_id' : null;
    const names = Object.keys(columns);
    return {
        key,
        columns: snapshotOf ? [...names, 'nested_captured_at'] : names,
        version,
        keep: new Set(names.filter((column) => columns[column]?.onNull !== 'replace')),
        // Nested rows that have no place for a tombstone go away, as in the database.
        missing: owner !== 'parent' ? 'keep' : 'deleted_at' in columns ? 'entomb' : 'delete',
        snapshotOf,
    };
}

;// CONCATENATED MODULE: ./build/src/destination/ndjson-files.js











const CHECKPOINT_FILE = '.hybrid-capture-checkpoint.json';
/** Rows of batches that aren't merged into the tables' files yet, one file a table. */
const JOURNAL_FOLDER = '.hybrid-capture-journal';
const LOCK_FILE = '.hybrid-capture-lock';
const State = schemas/* object */.Ikc({
    version: schemas/* literal */.euz(1),
    /** Bytes of each table's journal that belong to stored batches; what follows was never finished. */
    journals: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* number */.aig().int().nonnegative()),
    captures: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* object */.Ikc({ sequence: schemas/* number */.aig().int(), checkpoint: protocol/* Checkpoint */.F9 })),
});
/**
 * Captures into `DIR/<table>.ndjson`: column names as keys, one line a row, each row once, in no particular order.
 *
 * A batch is appended to journals beside; then the checkpoint file is replaced, which names the journals' lengths, so a
 * run that was killed is continued without a line too few or too many. `close` merges the journals into the tables'
 * files, by primary key, the newest first, and removes what a snapshot no longer shows. Memory doesn't grow with the
 * history, but for one entry a captured pull request.
 *
 * @throws Error when another run writes to the folder, or what is in it was not written by a capture
 */
function createNdjsonFilesDestination({ directory, checkpointKey, }) {
    const journalFolder = (0,external_node_path_.join)(directory, JOURNAL_FOLDER);
    const journalOf = (table) => (0,external_node_path_.join)(journalFolder, `${table}.ndjson`);
    let state = { version: 1, journals: {}, captures: {} };
    let isOpen = false;
    async function append(table, text) {
        const path = journalOf(table);
        const before = state.journals[table] ?? 0;
        const file = await (0,promises_.open)(path, 'a');
        try {
            await file.appendFile(text);
            await file.datasync();
        }
        catch (error) {
            await (0,promises_.truncate)(path, before).catch(() => { });
            throw error;
        }
        finally {
            await file.close();
        }
        return before + Buffer.byteLength(text);
    }
    async function save(next) {
        await replaceFile((0,external_node_path_.join)(directory, CHECKPOINT_FILE), `${JSON.stringify(next)}\n`);
        state = next;
    }
    return {
        async open() {
            await (0,promises_.mkdir)(journalFolder, { recursive: true });
            if (!isOpen)
                await lock(directory);
            isOpen = true;
            state = await readState((0,external_node_path_.join)(directory, CHECKPOINT_FILE));
            for (const table of destination/* CAPTURE_TABLE_NAMES */.j) {
                await cutTo(journalOf(table), state.journals[table] ?? 0);
            }
            return state.captures[checkpointKey] ?? { checkpoint: null, sequence: 0 };
        },
        async write({ sequence, checkpoint, rows }) {
            if (sequence <= (state.captures[checkpointKey]?.sequence ?? 0))
                return { next: 'continue' };
            const journals = { ...state.journals };
            for (const [table, text] of groupLines(rows))
                journals[table] = await append(table, text);
            const captures = { ...state.captures, [checkpointKey]: { sequence, checkpoint } };
            await save({ version: 1, journals, captures });
            return { next: 'continue' };
        },
        async findGaps() {
            throw new destination/* UnsupportedError */.W('NDJSON files can’t be asked for gaps: verify needs postgres:// or the app.');
        },
        async close() {
            if (!isOpen)
                return;
            isOpen = false;
            try {
                if (Object.values(state.journals).some((bytes) => bytes > 0)) {
                    await mergeJournals(directory, journalOf, state.journals);
                    await save({ ...state, journals: {} });
                }
                await (0,promises_.rm)(journalFolder, { recursive: true, force: true });
            }
            finally {
                await (0,promises_.rm)((0,external_node_path_.join)(directory, LOCK_FILE), { force: true });
            }
        },
    };
}
async function mergeJournals(directory, journalOf, journals) {
    const extent = (table) => ({ path: journalOf(table), bytes: journals[table] ?? 0 });
    const snapshots = await readSnapshots(extent('snapshots'));
    const hasSnapshots = snapshots.pull_request_id.size + snapshots.issue_id.size > 0;
    for (const [table, rules] of Object.entries(NDJSON_TABLES)) {
        const target = (0,external_node_path_.join)(directory, `${table}.ndjson`);
        const journal = extent(table);
        const base = await extentOf(target);
        const isTouched = hasSnapshots && base.bytes > 0 && (rules.missing !== 'keep' || rules.snapshotOf !== null);
        if (journal.bytes > 0 || isTouched)
            await compactTable(target, (0,external_node_path_.join)(directory, JOURNAL_FOLDER), [base, journal], rules, snapshots);
    }
}
async function readSnapshots(journal) {
    const snapshots = { pull_request_id: new Map(), issue_id: new Map() };
    for await (const row of readRows(journal)) {
        const column = row.pull_request_id === undefined || row.pull_request_id === null ? 'issue_id' : 'pull_request_id';
        // A later one of the same item is the newer one.
        snapshots[column].set(row[column], {
            startedAt: String(row.started_at),
            capturedAt: String(row.captured_at),
        });
    }
    return snapshots;
}
function groupLines(rows) {
    const lines = new Map();
    for (const { table, row } of rows) {
        const group = lines.get(table);
        if (group)
            group.push((0,json_line/* toJsonLine */.i)(row));
        else
            lines.set(table, [(0,json_line/* toJsonLine */.i)(row)]);
    }
    return new Map([...lines].map(([table, group]) => [table, group.join('')]));
}
async function readState(path) {
    const text = await (0,promises_.readFile)(path, 'utf8').catch((error) => {
        if (error.code === 'ENOENT')
            return null;
        throw error;
    });
    if (text === null)
        return { version: 1, journals: {}, captures: {} };
    try {
        return State.parse(JSON.parse(text));
    }
    catch {
        throw new Error(`${path} is no checkpoint that this version can read. Remove it to capture from the beginning.`);
    }
}
async function cutTo(path, bytes) {
    const { bytes: found } = await extentOf(path);
    if (found < bytes) {
        throw new Error(`${path} lacks rows that the checkpoint says were written. Remove the folder to capture anew.`);
    }
    if (found > bytes)
        await (0,promises_.truncate)(path, bytes);
}
async function replaceFile(path, text) {
    const temporary = `${path}.${(0,external_node_crypto_.randomUUID)()}.tmp`;
    const file = await (0,promises_.open)(temporary, 'w');
    try {
        await file.writeFile(text);
        await file.datasync();
    }
    finally {
        await file.close();
    }
    await (0,promises_.rename)(temporary, path);
}
/** Two runs that write to one folder would lose rows. The lock of a run that is gone is taken over. */
async function lock(directory) {
    const path = (0,external_node_path_.join)(directory, LOCK_FILE);
    const holder = JSON.stringify({ pid: external_node_process_.pid, host: (0,external_node_os_.hostname)() });
    try {
        await (0,promises_.writeFile)(path, holder, { flag: 'wx' });
    }
    catch (error) {
        if (error.code !== 'EEXIST')
            throw error;
        const other = await (0,promises_.readFile)(path, 'utf8').catch(() => '');
        if (isAlive(other)) {
            throw new Error(`${directory} is being written by another run (${path}). Wait for its end, or choose another folder.`);
        }
        await (0,promises_.writeFile)(path, holder);
    }
}
function isAlive(holder) {
    try {
        const { pid, host } = JSON.parse(holder);
        return host === (0,external_node_os_.hostname)() && pid !== external_node_process_.pid && external_node_process_.kill(pid, 0);
    }
    catch (error) {
        return error.code === 'EPERM';
    }
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


/***/ })

};
