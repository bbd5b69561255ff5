internal import Glibc
internal import Synchronization

/// A throwaway Postgres server on a free port of 127.0.0.1, for demonstrations and tests.
///
/// Everything it has is in one temporary folder. A small guard process stops it and removes the folder, when asked and
/// when this process ends in any way, even killed. No other cluster is ever touched. All functions block: call them on a
/// `BlockingThread`.
package final class LocalServer: Sendable {
    /// How the server is set up.
    package struct Configuration: Sendable {
        /// The superuser's password, asked for by SCRAM; without one everybody on this machine is trusted.
        package var password: String?

        /// Lines of `postgresql.conf` that replace or add to the defaults.
        package var settings: [String: String]

        /// Makes a configuration.
        package init(password: String? = nil, settings: [String: String] = [:]) {
            self.password = password
            self.settings = settings
        }
    }

    /// The port on 127.0.0.1.
    package let port: Int

    /// The temporary folder, which also holds the Unix socket.
    package let folder: String

    let place: ServerFolder
    let programs: String
    private let guardProcess: Mutex<GuardProcess?>

    /// Makes a cluster, starts it and waits until it answers: about a second.
    ///
    /// - Throws: `serverSetup` if no Postgres is installed or it does not start; nothing is left behind then.
    package init(_ configuration: Configuration = Configuration()) throws(ReplicationError) {
        let programs = try ServerPrograms.folder()
        let place = try ServerFolder()
        let guardProcess: GuardProcess
        do {
            guardProcess = try GuardProcess(place: place, programs: programs)
        } catch {
            rmdir(place.path)
            throw error
        }
        do {
            port = try Self.start(configuration, place: place, programs: programs)
        } catch {
            guardProcess.end()
            throw error
        }
        folder = place.path
        self.place = place
        self.programs = programs
        self.guardProcess = Mutex(guardProcess)
    }

    deinit {
        stop()
    }

    /// A URL for a database of this server; the superuser is `postgres`.
    package func url(database: String = "postgres", user: String = "postgres") -> String {
        "postgres://\(user)@127.0.0.1:\(port)/\(database)"
    }

    /// Stops the server at once and removes its folder; later calls do nothing.
    package func stop() {
        guardProcess.withLock { guardProcess in
            guardProcess?.end()
            guardProcess = nil
        }
    }

    private static func start(
        _ configuration: Configuration,
        place: ServerFolder,
        programs: String
    ) throws(ReplicationError) -> Int {
        var command = ["\(programs)/initdb", "-D", place.data, "-U", "postgres", "-E", "UTF8", "--no-sync"]
        command += ["--locale=C"]
        if let password = configuration.password {
            let file = "\(place.path)/password"
            try writeFile(file, password + "\n")
            place.handOver(file)
            command += ["-A", "scram-sha-256", "--pwfile", file]
        } else {
            command += ["-A", "trust"]
        }
        try ChildProcess.run(place.asOwner(command), output: "\(place.path)/initdb.log")
        unlink("\(place.path)/password")

        // Between finding a free port and using it another process may take it: then try again.
        var attempts = 3
        while true {
            let port = try freePort()
            let lines = settings(configuration, port: port, folder: place.path)
            try writeFile("\(place.data)/sluice.conf", lines)
            place.handOver("\(place.data)/sluice.conf")
            do {
                try start(place: place, programs: programs)
                return port
            } catch {
                attempts -= 1
                if attempts == 0 { throw explain(error, log: readFile("\(place.path)/server.log")) }
            }
        }
    }

    /// Starts a cluster that has its settings.
    static func start(place: ServerFolder, programs: String) throws(ReplicationError) {
        try ChildProcess.run(
            place.asOwner([
                "\(programs)/pg_ctl", "-D", place.data, "-l", "\(place.path)/server.log", "-w", "-t", "60", "-o",
                "-c config_file=\(place.data)/sluice.conf", "start",
            ]),
            output: "\(place.path)/start.log"
        )
    }

    private static func explain(_ error: ReplicationError, log: String) -> ReplicationError {
        ReplicationError(.serverSetup, "\(error.message) \(ServerMessage.oneLine(String(log.suffix(500))))")
    }

    private static func settings(_ configuration: Configuration, port: Int, folder: String) -> String {
        var settings = [
            "port": "\(port)", "listen_addresses": "127.0.0.1", "unix_socket_directories": folder,
            "wal_level": "logical", "max_wal_senders": "20", "max_replication_slots": "20", "max_wal_size": "4GB",
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        ]
        settings.merge(configuration.settings) { _, own in own }
        let lines = settings.sorted { $0.key < $1.key }.map { "\($0.key) = '\($0.value.replacing("'", with: "''"))'\n" }
        return "include 'postgresql.conf'\n" + lines.joined()
    }

    private static func freePort() throws(ReplicationError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard result == 0 else {
            throw ReplicationError(.serverSetup, "No port of 127.0.0.1 is free: \(String(cString: strerror(errno))).")
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
