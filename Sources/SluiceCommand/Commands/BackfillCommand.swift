import ArgumentParser
import Foundation
import SluicePostgres
import SluiceSinks

struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Shows and steers the copies that sluice stream --backfill has begun.",
        discussion: """
            It works on the state file. A stream that is running notices within a page; a page that is on its way is still
            delivered.

            EXAMPLES
              sluice backfill status
              sluice backfill pause orders
              sluice backfill resume
            """,
        subcommands: [Status.self, Pause.self, Resume.self, Cancel.self, Restart.self],
        defaultSubcommand: Status.self
    )

    /// What all of them are told.
    struct Scope: ParsableArguments {
        @Argument(help: ArgumentHelp("Only these tables, as name or schema.name.", valueName: "table"))
        var tables: [String] = []

        @Option(help: ArgumentHelp("Only those of this slot.", valueName: "name"))
        var slot: String?

        @Option(help: ArgumentHelp("The folder of the state file.", valueName: "dir"))
        var state = ".sluice"

        /// Does something with the state file, and tells the user what went wrong.
        func run(_ body: (CheckpointStore, [BackfillRecord]) async throws -> Void) async throws {
            guard FileManager.default.fileExists(atPath: "\(state)/checkpoint.sqlite") else {
                throw ValidationError("There is no state file in \(state). Give the --state of the stream.")
            }
            let store = CheckpointStore(folder: state)
            do {
                try await store.open()
                let records = try await store.allBackfills().filter(includes)
                if let table = tables.first(where: { name in !records.contains { isNamed($0, name) } }) {
                    throw SinkError(
                        .unsupported,
                        "\(state) knows no copy of a table \(table); see sluice backfill status."
                    )
                }
                try await body(store, records)
                await store.close()
            } catch {
                await store.close()
                Console(mode: .silent).fail(error)
                throw ExitCode.failure
            }
        }

        /// Changes the tables that are in one of some states, and prints what they are then.
        func change(
            _ from: Set<BackfillRecord.Status>,
            to status: BackfillRecord.Status,
            isAnew: Bool = false
        ) async throws {
            try await run { store, records in
                for record in records where from.contains(record.status) {
                    try await store.changeBackfill(record, to: status, isAnew: isAnew)
                }
                try await show(store.allBackfills().filter(includes))
            }
        }

        func show(_ records: [BackfillRecord]) {
            for record in records {
                let key = record.lastKey.map { "  up to (\($0.values.joined(separator: ", ")))" } ?? ""
                let reason = record.reason.map { "  \($0)" } ?? ""
                let place = "  slot \(record.slot)  \(record.sink)"
                print("\(record.title)  \(record.status.rawValue)  \(record.rows) rows\(key)\(reason)\(place)")
            }
        }

        private func includes(_ record: BackfillRecord) -> Bool {
            (slot == nil || slot == record.slot) && (tables.isEmpty || tables.contains { isNamed(record, $0) })
        }

        private func isNamed(_ record: BackfillRecord, _ name: String) -> Bool {
            name == record.table || name == record.title
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the copies and how far they are.")
        @OptionGroup var scope: Scope

        func run() async throws {
            try await scope.run { _, records in scope.show(records) }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Holds copies; the stream goes on.")
        @OptionGroup var scope: Scope

        func run() async throws {
            try await scope.change([.copying], to: .paused)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Lets copies go on behind their last row: paused ones, and at the next start cancelled and refused ones."
        )
        @OptionGroup var scope: Scope

        func run() async throws {
            try await scope.change([.paused, .cancelled, .refused], to: .copying)
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends copies for good; --backfill does not begin them again."
        )
        @OptionGroup var scope: Scope

        func run() async throws {
            try await scope.change([.copying, .paused], to: .cancelled)
        }
    }

    struct Restart: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets copies that are done, cancelled or refused begin anew from the first row at the next start."
        )
        @OptionGroup var scope: Scope

        func run() async throws {
            try await scope.change([.done, .cancelled, .refused], to: .copying, isAnew: true)
        }
    }
}
