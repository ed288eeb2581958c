export const id = 551;
export const ids = [551];
export const modules = {

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


/***/ }),

/***/ 9551:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   openPostgres: () => (/* binding */ openPostgres)
/* harmony export */ });
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(2735);
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(189);
/* harmony import */ var pg__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3849);
/* harmony import */ var _database_unreachable_error_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(6730);
/* harmony import */ var _postgres_dialect_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(7539);




/** The schema needs `security_invoker` views, which PostgreSQL 15 brought. */
const MINIMUM_VERSION = 15;
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Opens a pool of connections and sees that the server answers and is new enough.
 * @throws DatabaseUnreachableError naming host, port and database, never the password; later also by any query, when
 * the connection is lost
 */
async function openPostgres({ url, ca, schema, max = 10 }) {
    const settings = {
        ...connectionOf(url, ca ?? null),
        application_name: 'hybrid-capture',
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        max,
        types: { getTypeParser },
    };
    const place = describePlace(settings);
    const pool = new pg__WEBPACK_IMPORTED_MODULE_0__/* ["default"].Pool */ .Ay.Pool(settings);
    // A connection that breaks leaves the pool by itself, and a query under way on it rejects; but without these listeners
    // it would end the process as well, whether it is idle (the pool's event) or in use (the client's).
    pool.on('error', () => { });
    pool.on('connect', (client) => client.on('error', () => { }));
    const translateError = (error) => {
        const reason = (0,_database_unreachable_error_js__WEBPACK_IMPORTED_MODULE_1__/* .unreachableReason */ .N)(error);
        if (reason === null)
            return error;
        return new _database_unreachable_error_js__WEBPACK_IMPORTED_MODULE_1__/* .DatabaseUnreachableError */ .O(`The database can't be used: ${reason} (${place}). Check DATABASE_URL, and that the server is up.`, { cause: error });
    };
    const db = new kysely__WEBPACK_IMPORTED_MODULE_3__/* .Kysely */ ._$({
        dialect: new _postgres_dialect_js__WEBPACK_IMPORTED_MODULE_2__/* .PoolerSafeDialect */ .T({ pool, schema: schema ?? null, translateError }),
    });
    let closing;
    const close = () => {
        closing ??= db.destroy();
        return closing;
    };
    try {
        await checkVersion(db, place);
    }
    catch (error) {
        await close();
        throw error;
    }
    return { db, kind: 'postgres', close };
}
async function checkVersion(db, place) {
    const { rows } = await (0,kysely__WEBPACK_IMPORTED_MODULE_4__/* .sql */ .l) `select current_setting('server_version_num')::integer / 10000 as version`.execute(db);
    const version = rows[0]?.version ?? 0;
    if (version >= MINIMUM_VERSION)
        return;
    throw new Error(`PostgreSQL ${MINIMUM_VERSION} or newer is needed; the server is version ${version} (${place}). Upgrade it, or set DATABASE_URL to another one.`);
}
function connectionOf(url, ca) {
    if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
        throw new Error('DATABASE_URL is not a URL of the form postgres://user:password@host:port/database.');
    }
    if (ca === null)
        return { connectionString: withCheckedTls(url) };
    const withoutTls = new URL(url);
    // What `pg` reads of TLS from the URL would replace the certificate authority.
    for (const name of ['ssl', 'sslmode', 'sslrootcert'])
        withoutTls.searchParams.delete(name);
    return { connectionString: withoutTls.href, ssl: { ca, rejectUnauthorized: true } };
}
/** `pg` checks the certificate in these modes, too, but warns at each start that its next version will not. */
function withCheckedTls(url) {
    if (url.includes('uselibpqcompat=true'))
        return url;
    return url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
function describePlace(settings) {
    // A client resolves what the URL leaves out; it connects only when told to.
    const { host, port, database, user } = new pg__WEBPACK_IMPORTED_MODULE_0__/* ["default"].Client */ .Ay.Client(settings);
    return `host ${host}, port ${port}, database ${database ?? user}, user ${user}`;
}
const { builtins } = pg__WEBPACK_IMPORTED_MODULE_0__/* ["default"].types */ .Ay.types;
/** OID of `bigint[]`, which pg-types has no name for (pg_type.dat). */
const INT8_ARRAY = 1016;
/** Ids and amounts come as numbers: GitHub's ids are far below 2^53. All else is parsed as `pg` does. */
const getTypeParser = (oid, format) => {
    if (oid === builtins.INT8 || oid === builtins.NUMERIC)
        return Number;
    const parse = pg__WEBPACK_IMPORTED_MODULE_0__/* ["default"].types */ .Ay.types.getTypeParser(oid, format);
    if (oid === INT8_ARRAY)
        return (text) => parse(text).map(toNumber);
    return parse;
};
function toNumber(text) {
    return text === null ? null : Number(text);
}


/***/ }),

/***/ 7539:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   A: () => (/* binding */ quoteName),
/* harmony export */   T: () => (/* binding */ PoolerSafeDialect)
/* harmony export */ });
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2700);
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(7331);
/* harmony import */ var kysely__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(4596);

/**
 * Kysely's Postgres dialect, made fit for a transaction pooler: between transactions such a pooler gives a client's
 * statements to any server connection, so a `SET search_path` would be lost to us and would reach others, and as a
 * start-up option it is refused or ignored (PgBouncer's `ignore_startup_parameters`). Therefore, where a schema is
 * given, it is set for each transaction, and a single statement becomes a transaction of its own.
 */
class PoolerSafeDialect extends kysely__WEBPACK_IMPORTED_MODULE_0__/* .PostgresDialect */ .a {
    #config;
    constructor(config) {
        super(config);
        this.#config = config;
    }
    createDriver() {
        return new PoolerSafeDriver(this.#config);
    }
}
class PoolerSafeDriver extends kysely__WEBPACK_IMPORTED_MODULE_1__/* .PostgresDriver */ .W {
    #setSchema;
    #translateError;
    #prepared = new WeakSet();
    #inTransaction = new WeakSet();
    constructor(config) {
        super(config);
        this.#setSchema =
            config.schema === null
                ? null
                : kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw(`set local search_path to ${quoteName(config.schema)}`);
        this.#translateError = config.translateError;
    }
    async acquireConnection() {
        try {
            const connection = await super.acquireConnection();
            if (!this.#prepared.has(connection))
                this.#prepare(connection);
            return connection;
        }
        catch (error) {
            throw this.#translateError(error);
        }
    }
    async beginTransaction(connection, settings) {
        this.#inTransaction.add(connection);
        await super.beginTransaction(connection, settings);
        if (this.#setSchema !== null)
            await connection.executeQuery(this.#setSchema);
    }
    async releaseConnection(connection) {
        this.#inTransaction.delete(connection);
        await super.releaseConnection(connection);
    }
    #prepare(connection) {
        const execute = connection.executeQuery.bind(connection);
        const setSchema = this.#setSchema;
        connection.executeQuery = async (query) => {
            try {
                return setSchema === null || this.#inTransaction.has(connection)
                    ? await execute(query)
                    : await executeAlone(execute, setSchema, query);
            }
            catch (error) {
                throw this.#translateError(error);
            }
        };
        this.#prepared.add(connection);
    }
}
async function executeAlone(execute, setSchema, query) {
    // Without parameters, so both go in one message of the simple protocol.
    await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw(`begin; ${setSchema.sql}`));
    try {
        const result = await execute(query);
        await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw('commit'));
        return result;
    }
    catch (error) {
        // What went wrong first is what matters; a connection that is broken can't roll back, and the pool drops it.
        await execute(kysely__WEBPACK_IMPORTED_MODULE_2__/* .CompiledQuery */ .E.raw('rollback')).catch(() => { });
        throw error;
    }
}
/** A name as SQL writes it, whatever characters it has. */
function quoteName(name) {
    return `"${name.replaceAll('"', '""')}"`;
}


/***/ })

};
