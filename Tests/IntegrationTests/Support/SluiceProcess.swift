import Glibc

/// A running `sluice`; killed when the last reference to it goes away.
final class SluiceProcess {
    enum Exit: Equatable {
        case status(Int32)
        case signal(Int32)
    }

    /// A process that does not do what is awaited within so many milliseconds is taken for stuck.
    static let patience = 90_000

    /// The one that `SLUICE_PROGRAM` names, such as an optimized one; else the one beside the program that runs the tests.
    static let program: String = {
        if let named = getenv("SLUICE_PROGRAM") { return String(cString: named) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink("/proc/self/exe", $0, text.count) } ?? 0
            }
        }
        let tests = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return tests.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/sluice"
    }()

    let pid: pid_t
    let error: ChildOutput
    let output: ChildOutput
    private var exit: Exit?

    /// Starts it.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - environment: Added to this process's, in which no variable of libpq is.
    init(_ arguments: [String], environment: [String] = []) throws {
        error = try ChildOutput()
        output = try ChildOutput()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writingEnd, 1)
        posix_spawn_file_actions_adddup2(&actions, error.writingEnd, 2)
        let command = ([Self.program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + Self.inherited() + [nil]
        defer { for text in command + variables { free(text) } }
        var pid = pid_t()
        let result = posix_spawn(&pid, Self.program, &actions, nil, command, variables)
        close(error.writingEnd)
        close(output.writingEnd)
        guard result == 0 else { throw TestFailure("\(Self.program) cannot be started: \(result)") }
        self.pid = pid
    }

    deinit {
        if exit == nil {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
    }

    /// Whether it has not closed its standard error, as its end does.
    var isRunning: Bool {
        pump(milliseconds: 0)
        return !error.isAtEnd
    }

    func send(_ signal: Int32) {
        if exit == nil { kill(pid, signal) }
    }

    /// Waits for output and takes it.
    ///
    /// - Returns: Whether there was some.
    @discardableResult
    func pump(milliseconds: Int, readingOutput: Bool = false) -> Bool {
        let ends = readingOutput ? [error, output] : [error]
        let open = ends.filter { !$0.isAtEnd }
        var descriptors = open.map { pollfd(fd: $0.readingEnd, events: Int16(POLLIN), revents: 0) }
        guard poll(&descriptors, nfds_t(descriptors.count), Int32(milliseconds)) > 0 else { return false }
        for (end, descriptor) in zip(open, descriptors) where descriptor.revents != 0 { end.read() }
        return true
    }

    /// Waits until it has ended.
    @discardableResult
    func waitForExit(readingOutput: Bool = false) throws -> Exit {
        while !error.isAtEnd || (readingOutput && !output.isAtEnd) {
            guard pump(milliseconds: Self.patience, readingOutput: readingOutput) else {
                kill(pid, SIGKILL)
                throw TestFailure("sluice does not end; it said: \(error.text.suffix(2000))")
            }
        }
        if let exit { return exit }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        let exit = signal == 0 ? Exit.status((status >> 8) & 0xFF) : Exit.signal(signal)
        self.exit = exit
        return exit
    }

    /// Kills it as nothing can be caught, and waits.
    func killHard() throws {
        send(SIGKILL)
        try waitForExit()
    }

    private static func inherited() -> [UnsafeMutablePointer<CChar>?] {
        var result: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            if strncmp(variable, "PG", 2) != 0 { result.append(strdup(variable)) }
            next += 1
        }
        return result
    }
}
