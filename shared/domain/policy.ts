/** The numbers that are policy, in one place, each with its reason. Times in milliseconds, sizes in bytes. */
export const POLICY = {
  agent: {
    /** Often enough that 20 s of silence means four lost beats; jitter so that a thousand agents do not beat together. */
    heartbeatMs: 5_000,
    heartbeatJitter: 0.2,
    /** Quick after a blip, gentle to a brain that is coming back. */
    reconnectMinMs: 1_000,
    reconnectMaxMs: 10_000,
  },
  contact: {
    /** By the brain's own monotonic clock: a node's clock may be an hour off. */
    suspectAfterMs: 20_000,
    offlineAfterMs: 45_000,
    /** After a brain start every agent needs time to find it again. */
    graceAfterStartMs: 60_000,
  },
  prepare: {
    /** A big download reports bytes all the time; two silent minutes mean that nobody is working. */
    stalledAfterMs: 120_000,
    retries: 3,
    /** The container that proved the mount is the one that starts, when the wish to start follows at once; else it goes. */
    proofKeptMs: 5_000,
  },
  ready: {
    /** Modded servers take minutes. Overdue is said, never punished. */
    timeoutSeconds: 600,
  },
  stop: {
    /** Saving a large world takes its time; `kill` is there for the impatient. */
    graceSeconds: 120,
  },
  restart: {
    delaysMs: [5_000, 15_000, 45_000, 120_000, 300_000],
    /** A server that ran well this long starts its count anew. */
    healthyAfterMs: 600_000,
    /** An engine that refuses a start for no reason of the server's own: soon enough to be noticed, seldom enough to leave it in peace. */
    afterEngineMs: 15_000,
  },
  engine: {
    /** An engine that is being restarted is back within this; longer, and a wish to prepare says why it failed. */
    waitMs: 30_000,
    /** Events tell what happens; looking finds what they missed. */
    lookMs: 60_000,
    /** A healthy engine answers its ping in milliseconds. */
    pingMs: 5_000,
    /** While it is away it is asked this often. */
    retryMs: 1_000,
    /** Starting on a busy machine takes seconds; an engine that hangs on one container must not hold it forever. */
    callMs: 60_000,
    /** A registry that is restarted or was out of reach for a moment is back by then; longer, and somebody must look. */
    pullAgainMs: [1_000, 3_000, 8_000],
    /** Two files of this size per container: what an agent that was away for a while can still read. */
    logBytes: 8 * 1024 ** 2,
  },
  limits: {
    /** When no layer says otherwise: enough for small servers, and one that leaks cannot take the machine with it. */
    memoryMb: 1_024,
    /** A modded JVM has hundreds of threads; a fork bomb has no end. */
    pids: 1_024,
  },
  console: {
    keptBytesPerRun: 5 * 1024 * 1024,
    keptRuns: 5,
    floodLines: 2_000,
    floodWindowMs: 100,
    /** A longer line is cut: one line must not be able to fill a message. */
    lineBytes: 16 * 1024,
  },
  stats: {
    /** Fresh enough for lists and Prometheus, and a Docker Engine with 200 servers spends well under a tenth of a core on it. */
    sampleMs: 15_000,
    /** A round that takes long is followed by a pause this many times as long: measuring never takes more than a twentieth of the time. */
    restFactor: 20,
    /** While somebody looks. */
    watchedMs: 2_000,
    /** Older figures are not shown as present ones: three rounds were missed. */
    freshMs: 45_000,
    /** Some 250 bytes each: a heartbeat stays far below the limit of a message. */
    perHeartbeat: 400,
    /** How often an instance's own files are counted at most. */
    ownFilesMs: 60_000,
    /** Counting takes at most one part in so many of the time, however many files a server makes. */
    ownFilesRestFactor: 100,
    /** In the copy layout: files of layers looked at per count, to find those that the server changed. */
    ownFilesLaidPerCount: 2_000,
    /** History in memory: an hour by minutes is some 2 KB for each instance, 40 MB for 20,000. */
    historyStepMs: 60_000,
    historySteps: 60,
    /** A page of a list asks for as many at once. */
    perRequest: 200,
  },
  archive: {
    unpackedBytes: 20 * 1024 ** 3,
    entries: 200_000,
    pathBytes: 1_024,
    componentBytes: 255,
    depth: 64,
    /** Text compresses 20:1, zeros 1000:1; the first 64 MiB are free so that small archives of zeros pass. */
    expansionRatio: 200,
    expansionFreeBytes: 64 * 1024 ** 2,
    /** PAX and GNU long-name headers are kept in memory while they are read. */
    extendedHeaderBytes: 1024 ** 2,
    /** Paths, links and placeholders stay in memory as the index: 200,000 paths of 1,024 bytes would not fit. */
    indexBytes: 64 * 1024 ** 2,
  },
  files: {
    metadataBytes: 256 * 1024,
    filledInBytes: 4 * 1024 ** 2,
    /** What a file may become: a small one can name a large value a million times. */
    filledResultBytes: 16 * 1024 ** 2,
  },
  variables: {
    valueBytes: 8 * 1024,
    perInstance: 256,
    /** All patterns of one request together: a regular expression may take for ever, and the brain has one thread. */
    patternsMs: 500,
  },
  runtime: {
    /** Where the stack is mounted unless a layer says otherwise. */
    workdir: '/server',
    /** Command, environment and the like once filled in; Linux itself takes about 2 MiB. */
    textBytes: 256 * 1024,
  },
  agentUpdate: {
    /** A bundle of some megabytes over a slow line. */
    downloadMs: 120_000,
    /** The newer agent takes up its servers and finds the brain within seconds; on a busy machine, or while the brain is restarted, later. */
    readyMs: 90_000,
    /** While a newer agent is tried and the brain has not heard of it, it is looked this often whether the brain is there. */
    lookMs: 5_000,
    /** A brain that takes longer for its health is in no state to take an agent. */
    lookWithinMs: 3_000,
    /** Download, trial and the way back together: then nobody waits for news any more. */
    giveUpMs: 240_000,
  },
  join: {
    /** A day to carry the command to the machine; used once. */
    tokenMs: 24 * 3_600_000,
    /** A brain that is just being restarted comes back within this. */
    answerMs: 30_000,
  },
  ports: {
    /** A stranger's port is tried again after an hour; a game server that restarts now and then keeps it longer than minutes. */
    quarantineMs: 3_600_000,
  },
  placement: {
    /** A CPU limit is a ceiling and game servers idle most of the time; memory is never promised twice. */
    cpuOvercommit: 4,
  },
  reconcile: {
    /** Wakes do the work; the sweep finds what a wake missed and what time alone makes due. */
    sweepMs: 5_000,
    /** How often contact is judged: a tenth of the shortest limit is exact enough to the eye. */
    contactMs: 1_000,
    /** How often it is written down when nodes were last heard. */
    lastSeenMs: 60_000,
    /** A node's load changes all the time; pages are told at most this often. */
    loadNewsMs: 5_000,
  },
  templates: {
    /** Parsed indexes kept for previews: some 400,000 files; a preview must not read them anew. */
    indexCacheBytes: 128 * 1024 ** 2,
  },
  status: {
    /** Fine enough for a small chart of the last hours, and 360 numbers are no burden. */
    sampleMs: 60_000,
    samples: 360,
    /** More than a person can attend to; the lists of nodes and servers have the rest. */
    attention: 50,
    recentEvents: 20,
  },
  operations: {
    /** Pages see every step; the disk sees one a second, which is what a crash may forget. */
    saveProgressMs: 1_000,
    /** Long enough to look up what happened last week; the audit log has the rest. */
    keptMs: 30 * 24 * 3_600_000,
    /** How long a stopping brain waits for work to let go; then it ends all the same, and the next start says so. */
    stopMs: 5_000,
    /** Until its end is written an operation locks its subject; a disk that was full may have room again. */
    endAgainMs: 5_000,
  },
  store: {
    /** Whoever puts back a database of last week finds what was published since still there. */
    unusedKeptMs: 7 * 24 * 3_600_000,
    /** A bucket in the same data centre answers in milliseconds; one that says nothing this long is away. */
    connectMs: 5_000,
    idleMs: 30_000,
    /** Putting gigabytes of parts together is done in silence. */
    workMs: 180_000,
    /** Tries of one call: a store that restarts a process is back by then. */
    attempts: 4,
    /** First wait before a broken download goes on; doubles. */
    retryMs: 200,
    /** The S3 API takes 10,000 parts: 80 GiB. Three parts at once keep a line full with 24 MiB of memory for each upload. */
    partBytes: 8 * 1024 ** 2,
    partsAtOnce: 3,
    /** One call copies 5 GiB at most, and a smaller piece is answered sooner. */
    copyPartBytes: 1024 ** 3,
  },
  transfer: {
    /** Long enough for a slow line to begin, short enough that a leaked address is soon worthless. */
    ticketMs: 15 * 60_000,
    /** An upload from which nothing comes for this long has lost its sender. */
    idleMs: 60_000,
  },
  channel: {
    messageBytes: 1024 ** 2,
    messagesPerSecond: 2_000,
    /** A live agent answers a ping at once, also while it is busy; longer would keep the rightful one waiting. */
    pingMs: 3_000,
    /** Two lost beats of the transport end a half-open connection before the node is called suspect. */
    transportPingMs: 8_000,
    /** A connection that asks for no namespace is of no use to anybody. */
    joinNamespaceMs: 5_000,
    /** Bursts of changes of one thing reach a page at most this often; the last state always arrives. */
    burstMs: 100,
    /** Console lines for a page that is this many packets behind are left out; the line numbers show the gap. */
    panelBacklogPackets: 100,
    /** Expired tokens and sessions lose their open pages at the latest after this long. */
    revalidateMs: 60_000,
    /** How long the brain waits for an agent to accept a command. */
    ackMs: 10_000,
    /** An accepted command without any observation after this long is sent again; it is idempotent. */
    resendMs: 15_000,
    boundedAnswerBytes: 256 * 1024,
  },
  tls: {
    /** The operator's files are looked at this often: whoever renews them should see it before they look away. */
    lookMs: 5_000,
    /** How long an answer that is under way may take when the brain ends. */
    closeMs: 10_000,
    /** Strata's own authority: changing it touches every node, so rarely; the way to change it is there all the same. */
    authorityMs: 10 * 365 * 24 * 3_600_000,
    /** The brain's own certificate; made anew at every start as well. Browsers refuse more than 398 days. */
    ownServerMs: 90 * 24 * 3_600_000,
    /** A node that was away for a holiday comes back by itself; a stolen certificate is worthless within the month. */
    nodeCertificateMs: 30 * 24 * 3_600_000,
    /** Share of its life after which a certificate is replaced, and how much earlier that may be, so that not all come at once. */
    renewAfter: 2 / 3,
    renewJitter: 0.1,
    /** How often it is looked for certificates that are due. */
    sweepMs: 60_000,
    /** A node that was let in again comes with its secret alone once, within a day. */
    regainMs: 24 * 3_600_000,
    /** Certificates that end within this time are shown as a warning. */
    soonMs: 14 * 24 * 3_600_000,
  },
  login: {
    freeFailures: 5,
    slowdownMs: 60_000,
    /** For one address, whatever names it tries. */
    addressFailures: 50,
    /** How long failures are counted together: slow guessing must not slip through between two windows. */
    failuresKeptMs: 15 * 60_000,
  },
  audit: {
    /** A year and the days until somebody looks, unless the settings say otherwise. */
    keptDays: 400,
    /** Old entries go this often, and this many in one commit: some ten milliseconds. */
    forgetEveryMs: 3_600_000,
    removedAtOnce: 2_000,
  },
  totp: {
    /** RFC 6238 as every app knows it. */
    periodSeconds: 30,
    digits: 6,
    /** Codes of the step before and after are taken: clocks of phones are a few seconds off, and people type slowly. */
    window: 1,
    /** Long enough to fetch the phone. */
    challengeMs: 5 * 60_000,
    /** A proof of the password is good for so many codes, whatever the limits of the address say. */
    triesPerChallenge: 5,
    /** People who are just signing in; what comes on top drops the oldest. */
    challenges: 10_000,
    /** From showing the secret to its first code. */
    enrolmentMs: 15 * 60_000,
    recoveryCodes: 10,
  },
  oidc: {
    /** From the press of the button to the way back: a password, a second factor, a walk to the phone. */
    signInMs: 15 * 60_000,
    /** Clocks of the issuer and the brain. */
    clockToleranceMs: 30_000,
    answerMs: 10_000,
    /** Endpoints of an issuer hardly move. Its keys are fetched anew by the library when one is unknown. */
    metadataKeptMs: 3_600_000,
    /** Shorter than that of a password: somebody whom the issuer no longer knows must not stay for a month. */
    sessionMs: 24 * 3_600_000,
  },
  session: {
    lifetimeMs: 30 * 24 * 3_600_000,
    /** Last use of sessions and tokens is written this coarsely: a read must not become a write. */
    seenEveryMs: 5 * 60_000,
    /** Browsers name themselves in some 150 characters; nobody needs more to recognise one. */
    userAgentCharacters: 300,
  },
  tokens: {
    /** A fortnight to put a new one wherever the old one is used. */
    soonMs: 14 * 24 * 3_600_000,
  },
  http: {
    /** Of a JSON body. A create request with 256 variables of 8 KiB each would be larger; nobody sends that. */
    bodyBytes: 1024 ** 2,
    /** What is read and thrown away after a refused upload, so that the client gets to see the refusal. */
    drainBytes: 64 * 1024 ** 2,
    drainMs: 10_000,
    /** A retry after a lost answer comes within hours, if at all. */
    idempotencyKeptMs: 24 * 3_600_000,
    /** Refusals of people who are not signed in, written to the audit log per minute: the log must not be a way to fill the disk. */
    anonymousAuditPerMinute: 60,
  },
  lists: {
    defaultLimit: 50,
    maxLimit: 500,
    /** Single servers one account or token may be given: each is a condition of every list it reads. */
    grants: 200,
  },
} as const
