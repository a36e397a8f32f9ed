// Asks an octroi sidecar, with the `fetch` of Node 18 or newer. No package is needed.
//
//     tsc --strict --target es2022 --lib es2022,dom --module commonjs ask.ts
//     node ask.js SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]
//     node ask.js marc read conversation c-1 tenant=boutiques-durand sub_account=paris-marais
//
// It prints `allow` or `deny`; of several actions, one line each. Exit code: 0 allow, 5 deny (one of them), 1 in doubt,
// 2 wrong usage. OCTROI_URL, OCTROI_TOKEN and OCTROI_TIMEOUT_MS say where, as whom, and how long to wait.

const UNREACHED_MAX = 1; // how often to ask again after a refused or broken connection
const BUSY_MAX = 2; // how often to ask again after a 503
const WAIT_MAX_MS = 2000; // longest Retry-After that is waited for

export interface Entity {
    type: string;
    id: string;
    properties?: Record<string, unknown>;
}

/** There is no certain answer. Whoever asked must act as on a deny. */
export class InDoubt extends Error {}

/** One for the whole app: `fetch` keeps the connections. */
export class Octroi {
    private readonly url: string;
    private readonly headers: Record<string, string>;

    /** `timeoutMs` is for a whole request: connecting, sending, waiting, reading. */
    constructor(url = "http://127.0.0.1:8181", private readonly timeoutMs = 500, token?: string) {
        this.url = url.replace(/\/+$/, "");
        this.headers = { "Content-Type": "application/json" };
        if (token) {
            this.headers["Authorization"] = `Bearer ${token}`;
        }
    }

    /** Whether the subject may. Denies when in doubt, and logs why. */
    async may(subject: Entity, action: string, resource: Entity, requestId?: string): Promise<boolean> {
        try {
            return await this.decide(subject, action, resource, requestId);
        } catch (error) {
            console.error(`in doubt, so denied: ${error}`);
            return false;
        }
    }

    /** Which of the actions the subject may, in one request: for the buttons of a page. */
    async mayEach(
        subject: Entity, actions: string[], resource: Entity, requestId?: string,
    ): Promise<Map<string, boolean>> {
        try {
            return await this.decideEach(subject, actions, resource, requestId);
        } catch (error) {
            console.error(`in doubt, so denied: ${error}`);
            return new Map(actions.map((action) => [action, false]));
        }
    }

    /** As `may`, but throws when in doubt. */
    async decide(subject: Entity, action: string, resource: Entity, requestId?: string): Promise<boolean> {
        const question = { subject, action: { name: action }, resource };
        return decision(await this.ask("/access/v1/evaluation", question, requestId));
    }

    /** As `mayEach`, but throws when in doubt. */
    async decideEach(
        subject: Entity, actions: string[], resource: Entity, requestId?: string,
    ): Promise<Map<string, boolean>> {
        const evaluations = actions.map((name) => ({ action: { name } }));
        const answer = await this.ask("/access/v1/evaluations", { subject, resource, evaluations }, requestId);
        const decisions = (answer as { evaluations?: unknown } | null)?.evaluations;
        if (!Array.isArray(decisions) || decisions.length !== actions.length) {
            throw new InDoubt("200 without one decision for each question");
        }
        return new Map(actions.map((action, at) => [action, decision(decisions[at])]));
    }

    /** The answer's JSON. Asks again where that can help, which is safe: a question changes nothing. */
    private async ask(path: string, question: unknown, requestId: string = crypto.randomUUID()): Promise<unknown> {
        const request = {
            method: "POST",
            headers: { ...this.headers, "X-Request-ID": requestId },
            body: JSON.stringify(question),
            redirect: "manual" as const, // a redirect is no decision
        };
        for (let unreached = 0, busy = 0; ; ) {
            let response: Response;
            let text: string;
            const late = new AbortController();
            const timer = setTimeout(() => late.abort(), this.timeoutMs);
            try {
                response = await fetch(this.url + path, { ...request, signal: late.signal });
                text = await response.text(); // the signal ends this too
            } catch (error) {
                if (late.signal.aborted) {
                    throw new InDoubt(`no answer within ${this.timeoutMs} ms`);
                }
                if (++unreached > UNREACHED_MAX) {
                    throw new InDoubt(`cannot reach ${this.url}: ${(error as { cause?: unknown }).cause ?? error}`);
                }
                await pause(100);
                continue;
            } finally {
                clearTimeout(timer);
            }
            if (response.status === 200) {
                try {
                    return JSON.parse(text);
                } catch {
                    throw new InDoubt("200 without JSON");
                }
            }
            // 400: this question is wrong. 401: the token is. Neither is mended by asking again.
            const doubt = new InDoubt(`${response.status}: ${text.slice(0, 300)}`);
            if (response.status !== 503) {
                throw doubt;
            }
            const retryAfter = response.headers.get("Retry-After") ?? "";
            const waitMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : 100;
            if (++busy > BUSY_MAX || waitMs > WAIT_MAX_MS) {
                throw doubt;
            }
            await pause(waitMs);
        }
    }
}

/** `true` allows and `false` denies, nothing else: not 1, not "true". */
function decision(answer: unknown): boolean {
    const decided = (answer as { decision?: unknown } | null)?.decision;
    if (typeof decided !== "boolean") {
        throw new InDoubt("200 without a decision");
    }
    return decided;
}

function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

// What the command line needs of Node, so that no package of types is needed.
declare const process: { argv: string[]; env: Record<string, string | undefined>; exitCode?: number };
declare const require: { main?: unknown };
declare const module: unknown;

async function main(args: string[]): Promise<number> {
    const [account, action, type, id, ...texts] = args;
    if (account === undefined || action === undefined || type === undefined || id === undefined) {
        console.error("usage: ask.js SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]");
        return 2;
    }
    const { OCTROI_URL, OCTROI_TOKEN, OCTROI_TIMEOUT_MS } = process.env;
    const octroi = new Octroi(OCTROI_URL, Number(OCTROI_TIMEOUT_MS ?? 500), OCTROI_TOKEN);
    const subject = { type: "user", id: account };
    const properties = Object.fromEntries(texts.map((text) => {
        const [name, ...value] = text.split("=");
        return [name, value.join("=")];
    }));
    const resource = { type, id, properties };
    const actions = action.split(",");
    let each: Map<string, boolean>;
    let inDoubt = false;
    try {
        each = actions.length === 1
            ? new Map([[action, await octroi.decide(subject, action, resource)]])
            : await octroi.decideEach(subject, actions, resource);
    } catch (error) {
        console.error(`in doubt, so denied: ${error}`);
        each = new Map(actions.map((name) => [name, false]));
        inDoubt = true;
    }
    for (const [name, allowed] of each) {
        const word = allowed ? "allow" : "deny";
        console.log(actions.length === 1 ? word : `${name} ${word}`);
    }
    return inDoubt ? 1 : [...each.values()].every((allowed) => allowed) ? 0 : 5;
}

if (require.main === module) {
    main(process.argv.slice(2)).then((code) => {
        process.exitCode = code;
    });
}
