import ArgumentParser
import Glibc

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows back-pressure at work on a throwaway Postgres, and checks that nothing is lost.",
        discussion: """
            Starts a Postgres of its own on a free port, writes a mixed load from several connections and then one giant
            transaction, and holds the sink back meanwhile: demand falls to 0, the socket is not read, and memory stays
            flat. At the end it compares the sink with the database, key by key. Exit code 1 if anything was lost,
            doubled or disordered. Nothing is left behind. When standard output is not a terminal, its last line is one
            JSON object.

            EXAMPLES
              sluice demo
              sluice demo --changes 100000
            """
    )

    @Option(help: ArgumentHelp("How many changes to write; half of them in one transaction.", valueName: "n"))
    var changes = 1_000_000

    @Flag(help: "Keep the sink's file and the state file, and say where they are.")
    var keep = false

    func validate() throws {
        if changes < 1000 {
            throw ValidationError("--changes \(changes) is too few to see anything. Give at least 1000.")
        }
    }

    func run() async throws {
        let console = Console(mode: isatty(STDERR_FILENO) == 1 ? .live : .silent)
        // The guard process of the throwaway server notices the end of this one, and removes everything.
        StopSignals.install { Glibc.exit(130) }
        do {
            let summary = try await DemoRun(changes: changes, keep: keep, console: console).run()
            print(isatty(STDOUT_FILENO) == 1 ? summary.text : summary.json)
            if !summary.isIntact { throw ExitCode.failure }
        } catch let code as ExitCode {
            throw code
        } catch {
            console.fail(error)
            throw ExitCode.failure
        }
    }
}
