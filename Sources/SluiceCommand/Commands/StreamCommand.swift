import ArgumentParser
import Glibc
import SluicePostgres
import SluiceSinks

struct StreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Streams the changes of one database to its sinks until stopped.",
        discussion: """
            FROM is a connection URL; libpq's environment variables, service files and .pgpass fill in what it leaves
            out. TO is - (standard output), file:PATH (one JSON object per line), sqlite:PATH, kafka://HOST:PORT/TOPIC,
            nats://HOST:PORT/SUBJECT, sqs:QUEUE_URL, amqp://USER@HOST:PORT/VHOST, redis://HOST:PORT/DATABASE (streams),
            the https:// URL of a webhook, or postgres://USER@HOST:PORT/DATABASE (rows into tables of the same names, which
            are made where missing). Options are part of the URL: see docs/sinks.

            Started again, it goes on where it stopped, also after kill -9 and in the middle of a transaction. file:,
            sqlite: and postgres: then hold every change once, and so does redis: if the server keeps what it has
            answered, and what kafka: has committed if its URL gives a transactional.id; the others may
            get the last second's again, in the same order.

            Several sinks are fed from a log on disk, each at its own pace: one that fails does not stop the others. A name
            with ?tables=a,b gets only those tables.

            EXAMPLES
              sluice stream postgres://localhost/shop - --create
              sluice stream postgres://app@db.internal/shop file:changes.ndjson --tables orders,customers
              sluice stream postgres://localhost/shop sqlite:changes.db --until now
              sluice stream postgres://localhost/shop file:shop.ndjson --backfill all
              sluice stream postgres://localhost/shop kafka://localhost:9092/shop.{table} --dead-letter file:dead.ndjson
              sluice stream postgres://localhost/shop postgres://localhost/warehouse?schema=shop --tables orders,customers
              sluice stream postgres://localhost/shop sqlite:all.db 'file:orders.ndjson?tables=orders'
            """
    )

    @Argument(help: "The database: postgres://USER@HOST:PORT/DATABASE.")
    var from: String

    @Argument(
        help: """
            The sinks: -, file:PATH, sqlite:PATH, kafka://HOST:PORT/TOPIC, nats://HOST:PORT/SUBJECT, sqs:QUEUE_URL, \
            amqp://USER@HOST:PORT/VHOST, redis://HOST:PORT/DATABASE, https://HOST/PATH or \
            postgres://USER@HOST:PORT/DATABASE, each with ?tables=a,b to get only those.
            """
    )
    var to: [String]

    @Option(help: ArgumentHelp("The replication slot.", valueName: "name"))
    var slot = "sluice"

    @Option(help: ArgumentHelp("The publication.", valueName: "name"))
    var publication = "sluice"

    @Flag(help: "Create the publication and the slot if they are missing.")
    var create = false

    @Option(help: ArgumentHelp("Only these tables, as name or schema.name, separated by commas.", valueName: "a,b"))
    var tables: TableNames = TableNames(names: [])

    @Option(
        help: ArgumentHelp(
            "Copy the rows that these tables have already, in pages between their changes; all: of all that are streamed.",
            discussion: """
                Each becomes a message with the action "read". A copy that was begun goes on at the next start, also
                without this option, until it is done; see sluice backfill --help.
                """,
            valueName: "all|a,b"
        )
    )
    var backfill: BackfillChoice?

    @Option(
        help: ArgumentHelp(
            "If the slot is created: copy from its snapshot with so many connections before changes are read; 0: between them.",
            valueName: "n"
        )
    )
    var backfillConnections = 4

    @Option(
        help: ArgumentHelp("Stop when everything up to now, or up to a log position, is durable.", valueName: "now|lsn")
    )
    var until: End?

    @Option(help: ArgumentHelp("How many bytes of changes may be held at once, at least 1MB.", valueName: "size"))
    var memory = ByteSize(bytes: 64 << 20)

    @Option(
        help: ArgumentHelp(
            "Receive large transactions while they are open, and keep them on disk until their commit; auto: if the server is version 14 or later.",
            valueName: "auto|on|off"
        )
    )
    var streaming = StreamingMode.auto

    @Option(help: ArgumentHelp("How much disk open transactions may take, at least 1MB.", valueName: "size"))
    var spoolSize = ByteSize(bytes: 10 << 30)

    @Flag(help: "Keep changes in a log on disk between the slot and the sink, as with several sinks.")
    var spill = false

    @Option(help: ArgumentHelp("How much disk that log may take, at least 1MB.", valueName: "size"))
    var spillSize = ByteSize(bytes: 10 << 30)

    @Option(
        help: ArgumentHelp(
            "When that is used up: stop reading until the sink that is furthest behind goes on, or give that sink up.",
            valueName: "pause|detach"
        )
    )
    var spillFull = WhenSpillIsFull.pause

    @Option(help: ArgumentHelp("Let a detached sink go on from here, without what it has missed.", valueName: "sink"))
    var readmit: [String] = []

    @Option(help: ArgumentHelp("Keep nothing in the log for a sink that was fed before.", valueName: "sink"))
    var detach: [String] = []

    @Option(help: ArgumentHelp("The folder of the state file.", valueName: "dir"))
    var state = ".sluice"

    @Option(help: ArgumentHelp("At most so many messages per second.", valueName: "n"))
    var rate: Int?

    @Option(
        help: ArgumentHelp("auto: a live line on a terminal, else JSON; plain: JSON lines; none.", valueName: "form")
    )
    var progress = ProgressMode.auto

    @Flag(help: "If other options number the changes anew: deliver the last transaction again from its first change.")
    var resumeFromTransactionStart = false

    @Option(
        help: ArgumentHelp(
            "Close the connection after so long a pause; reading goes on when the sink takes more.",
            discussion: """
                A server cannot stop, and cannot give up a slot, while a client does not read what it sends. At least 1s.
                """,
            valueName: "duration"
        )
    )
    var maxPause = TimeSpan(duration: .seconds(300))

    @Option(
        help: ArgumentHelp(
            "Where messages go that a broker or an endpoint refuses: file:PATH, sqlite:PATH or another one of these.",
            discussion: "Without it, such a message ends the stream.",
            valueName: "sink"
        )
    )
    var deadLetter: String?

    @Option(help: ArgumentHelp("With --dead-letter: put a message aside after so many failures.", valueName: "n"))
    var attempts = 10

    @Flag(help: "Wait while another process has the slot or the sink, and take over when it ends.")
    var standby = false

    func validate() throws {
        if maxPause.duration < .seconds(1) {
            throw ValidationError("--max-pause is shorter than the waits of an ordinary stream. Give at least 1s.")
        }
        if let rate, rate < 1 {
            throw ValidationError(
                "--rate \(rate) would deliver nothing. Give at least 1 message per second, or leave it out."
            )
        }
        guard backfillConnections == 0 || (2...64).contains(backfillConnections) else {
            throw ValidationError(
                "--backfill-connections \(backfillConnections): one looks for the ranges that the others read. Give 2 to 64, "
                    + "or 0 to copy between the changes."
            )
        }
        if attempts < 1 {
            throw ValidationError("--attempts \(attempts) would send nothing. Give at least 1.")
        }
        if memory.bytes < 1 << 20 {
            throw ValidationError("--memory is too small to read from the server in useful pieces. Give at least 1MB.")
        }
        if spoolSize.bytes < 1 << 20 {
            throw ValidationError("--spool-size is too small to keep anything. Give at least 1MB, or --streaming off.")
        }
        if spillSize.bytes < 1 << 20 {
            throw ValidationError("--spill-size is too small to keep anything. Give at least 1MB.")
        }
    }

    func run() async throws {
        let console = Console(mode: progress.resolved(sinkIsTerminal: to.contains("-") && isatty(STDOUT_FILENO) == 1))
        do {
            let sinks = try SinkList(to, notice: console.notice)
            var options = StreamOptions(
                target: try ConnectionTarget(from),
                sinks: sinks.choices,
                slot: slot,
                publication: publication
            )
            options.create = create
            options.tables = tables.names
            options.until = until
            options.backfill = backfill
            options.backfillConnections = backfillConnections
            options.memory = memory.bytes
            options.stateFolder = state
            options.streaming = streaming
            options.spoolSize = spoolSize.bytes
            options.rate = rate
            options.resumeFromTransactionStart = resumeFromTransactionStart
            options.maxPause = maxPause.duration
            options.standsBy = standby
            options.makeDeadLetters = try deadLetter.map { try sinks.deadLetters(to: $0) }
            options.attempts = attempts
            options.spills = spill
            options.spillSize = spillSize.bytes
            options.whenSpillIsFull = spillFull
            options.readmitted = try readmit.map { try SinkList.identity(of: $0) }
            options.detached = try detach.map { try SinkList.identity(of: $0) }
            let session = StreamSession(options: options, console: console)
            StopSignals.install { session.stop() }
            let summary = try await session.run()
            console.finish(summary)
        } catch {
            console.fail(error)
            throw ExitCode.failure
        }
    }
}
