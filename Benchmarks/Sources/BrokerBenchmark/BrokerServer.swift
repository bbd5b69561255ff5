import Foundation

/// A server on a port of its own and in a temporary folder, which ends with this process, however that ends.
public final class BrokerServer {
    /// Of 127.0.0.1.
    public let port: Int32
    private let input = Pipe()

    /// Starts the server, and waits until it is ready.
    ///
    /// - Parameters:
    ///   - ready: What it writes then.
    ///   - command: For a shell in that folder.
    /// - Throws: ``Failure`` if it ends before.
    public init(saying ready: String, _ command: (_ port: Int32) -> String) throws {
        port = try Self.freePort()
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let start = "folder=$(mktemp -d) && cd \"$folder\" || exit"
        let end = "cat >/dev/null; kill -KILL $!; wait; rm -rf \"$folder\""
        process.arguments = ["-c", "\(start); \(command(port)) </dev/null & \(end)"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text = ""
        while !text.contains(ready) {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw Failure("the server ended: \(text)") }
            text += String(decoding: bytes, as: UTF8.self)
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
    }

    private static func freePort() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout.size(ofValue: address))
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard status == 0 else { throw Failure("there is no port") }
        return Int32(UInt16(bigEndian: address.sin_port))
    }
}
