import BareRedis
import Foundation

/// A server in memory on a port of its own, which ends with this process, however that ends.
final class RedisServer {
    let port: Int32
    private let input = Pipe()

    init() throws {
        port = bare_redis_free_port()
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let server = "redis-server --port \(port) --bind 127.0.0.1 --save '' --appendonly no"
        process.arguments = ["-c", "\(server) </dev/null & cat >/dev/null; kill -KILL $!; wait"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var text = ""
        while !text.contains("Ready to accept connections") {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw Failure(description: "redis-server ended: \(text)") }
            text += String(decoding: bytes, as: UTF8.self)
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
    }
}
