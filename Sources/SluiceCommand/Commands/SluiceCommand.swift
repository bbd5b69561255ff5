import ArgumentParser
import Glibc

/// `sluice`: moves the changes of a Postgres database to a sink, as fast as the sink takes them and no faster.
@main
struct SluiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Streams every change of a Postgres database to a sink, as fast as the sink takes them.",
        discussion: """
            EXAMPLES
              sluice demo
              sluice stream postgres://localhost/shop - --create
            """,
        version: "0.1.0",
        subcommands: [StreamCommand.self, BackfillCommand.self, DemoCommand.self]
    )

    static func main() async {
        // A reader that closes its end must be an error of the sink, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        await main(nil)
    }
}
