internal import Glibc

/// A process that was started with `posix_spawn`, in a process group of its own so that a terminal's Ctrl-C does
/// not reach it.
struct ChildProcess {
    private let pid: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: The program (searched in PATH if it has no slash) and its arguments.
    ///   - input: A descriptor that becomes its standard input; nothing to read if `nil`.
    ///   - output: A file that its standard output and error are appended to.
    /// - Throws: `serverSetup` if the system cannot start it.
    init(_ command: [String], input: Int32? = nil, output: String) throws(ReplicationError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Files and sockets of this process are not the child's: a server would keep them open for very long. Closing one
        // that is not open is no error; 1024 is the usual limit.
        for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        let arguments = command.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let result = posix_spawnp(&pid, command[0], &actions, &attributes, arguments + [nil], environ)
        guard result == 0 else {
            throw ReplicationError(
                .serverSetup,
                "\(command[0]) cannot be started: \(String(cString: strerror(result)))."
            )
        }
        self.pid = pid
    }

    /// Waits until it ended.
    ///
    /// - Returns: Its exit status; 128 + the signal if one ended it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// Runs a program to its end.
    ///
    /// - Throws: `serverSetup` with the end of its output if it failed.
    static func run(_ command: [String], output: String) throws(ReplicationError) {
        let status = try ChildProcess(command, output: output).wait()
        guard status == 0 else {
            let text = ServerMessage.oneLine(String(readFile(output).suffix(500)))
            throw ReplicationError(
                .serverSetup,
                "\(command.joined(separator: " ")) ended with status \(status): \(text)"
            )
        }
    }
}

/// A small text file's content; empty if it cannot be read.
func readFile(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        guard count > 0 else { break }
        bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes a small text file.
func writeFile(_ path: String, _ text: String) throws(ReplicationError) {
    guard let file = fopen(path, "w") else {
        throw ReplicationError(.serverSetup, "\(path) cannot be written: \(String(cString: strerror(errno))).")
    }
    fputs(text, file)
    fclose(file)
}
