internal import Glibc

extension LocalServer {
    /// How a server is stopped, in the words of `pg_ctl`.
    package enum Halt: String, Sendable {
        /// As by an administrator: sessions are ended, and a checkpoint is written.
        case fast
        /// As by a crash: the log has to be replayed at the next start.
        case immediate
    }

    /// The cluster's files.
    package var data: String { place.data }

    /// Stops the server and keeps its files.
    ///
    /// - Parameters:
    ///   - way: How.
    ///   - seconds: How long it may take.
    /// - Throws: `serverSetup` if it has not stopped by then.
    package func halt(_ way: Halt, within seconds: Int = 60) throws(ReplicationError) {
        try ChildProcess.run(
            place.asOwner([
                "\(programs)/pg_ctl", "-D", place.data, "-m", way.rawValue, "-w", "-t", "\(seconds)", "stop",
            ]),
            output: "\(place.path)/stop.log"
        )
    }

    /// Starts a halted server again, on the same port.
    ///
    /// - Parameter asPromotedCopy: As a standby does that becomes the primary: what is in the log is replayed, and a new
    ///   timeline begins.
    /// - Throws: `localServer` if it does not start.
    package func resume(asPromotedCopy: Bool = false) throws(ReplicationError) {
        if asPromotedCopy {
            try writeFile("\(place.data)/recovery.signal", "")
            place.handOver("\(place.data)/recovery.signal")
            try append("restore_command = 'false'")
        }
        try Self.start(place: place, programs: programs)
    }

    /// Adds a line to the settings of a server, for its next start or reload.
    package func append(_ setting: String) throws(ReplicationError) {
        let path = "\(place.data)/sluice.conf"
        try writeFile(path, readFile(path) + setting + "\n")
        place.handOver(path)
    }

    /// Lets a running server read its settings again.
    package func reload() throws(ReplicationError) {
        try ChildProcess.run(
            place.asOwner(["\(programs)/pg_ctl", "-D", place.data, "reload"]),
            output: "\(place.path)/reload.log"
        )
    }

    /// Keeps a copy of a halted server's files under a name.
    package func keepCopy(_ name: String) throws(ReplicationError) {
        try ChildProcess.run(["cp", "-a", place.data, "\(place.path)/\(name)"], output: "\(place.path)/copy.log")
    }

    /// Puts a halted server's files back as they were copied.
    package func putBack(_ name: String) throws(ReplicationError) {
        try ChildProcess.run(["rm", "-rf", place.data], output: "\(place.path)/copy.log")
        try ChildProcess.run(["cp", "-a", "\(place.path)/\(name)", place.data], output: "\(place.path)/copy.log")
    }

    /// Copies a file into the cluster's folder, readable for the server only.
    package func place(file: String, as name: String) throws(ReplicationError) {
        try ChildProcess.run(["install", "-m", "600", file, "\(place.data)/\(name)"], output: "\(place.path)/copy.log")
        place.handOver("\(place.data)/\(name)")
    }

    /// Runs a program to its end; blocks.
    ///
    /// - Parameters:
    ///   - command: The program (searched in PATH if it has no slash) and its arguments.
    ///   - output: A file that its standard output and error are appended to.
    /// - Throws: `serverSetup` with the end of its output if it failed.
    package static func run(_ command: [String], output: String) throws(ReplicationError) {
        try ChildProcess.run(command, output: output)
    }
}
