import Foundation
import Glibc
import Synchronization

/// A server of the tests as a process of its own.
///
/// It stops when this process ends, however that happens: its shell waits for the end of a connection that only this
/// process holds, and then ends it by its process id.
package final class ServerProcess: Sendable {
    private let guardEnd: FileHandle
    private let process = Process()
    // Of the server itself, whose parent is the shell.
    private let identifier: Int32

    /// Starts a program, whose output goes to a file.
    package init(_ program: String, _ arguments: [String], log: String) throws {
        // No pipe, which whatever else is started at this moment might keep open, and the shell waiting.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw NoServer(program: program) }
        guardEnd = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        let input = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // KILL, not TERM: the threads that start processes block that, and the server inherits it.
        let script =
            #"log="$0"; "$@" >>"$log" 2>&1 </dev/null & echo $!; exec >&-; cat >/dev/null; kill -KILL $! 2>/dev/null; wait"#
        process.arguments = ["-c", script, log, program] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let number = Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw NoServer(program: program)
        }
        identifier = number
    }

    /// Stops it in its tracks: it takes connections and bytes as far as the system does, and answers nothing.
    package func freeze() {
        Glibc.kill(identifier, SIGSTOP)
    }

    /// Ends it at once, as a crash would, and waits for that.
    package func kill() {
        Glibc.kill(identifier, SIGKILL)
        try? guardEnd.close()
        process.waitUntilExit()
    }

    deinit {
        if process.isRunning { kill() }
    }

    package struct NoServer: Error {
        package let program: String
    }

    /// A port of 127.0.0.1 on which nobody listens now.
    package static func freePort() throws -> Int {
        try freePorts(1)[0]
    }

    /// Several of them.
    package static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
                }
            }
            guard isBound else { throw NoServer(program: "a free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
