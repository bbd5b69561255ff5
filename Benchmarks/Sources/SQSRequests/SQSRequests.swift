import Foundation
import SluicePostgres
import SluiceSQS
import SluiceSinks

/// What the SQS sink itself costs: requests of ten messages to a stub in another process.
///
/// The stub keeps nothing and answers at once, so this is no figure about SQS: it is how much the sink can do at most, and
/// how much processor time a message takes here (JSON, signature, HTTP without TLS).
@main enum SQSRequests {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "serve" { return try await QueueStub.serve() }
        let count = arguments.first.flatMap { Int($0) } ?? 200_000
        let stub = Process()
        let output = Pipe()
        stub.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        stub.arguments = ["serve"]
        stub.standardOutput = output
        try stub.run()
        defer { kill(stub.processIdentifier, SIGKILL) }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = line.filter(\.isNumber)
        print("queue     body  concurrency    messages/s  sink's CPU per message")
        for queue in ["standard", "x.fifo"] {
            for size in [200, 700, 5000] {
                for concurrency in [1, 8] {
                    try await measure(queue, size: size, concurrency: concurrency, count: count, port: port)
                }
            }
        }
    }

    private static func measure(_ queue: String, size: Int, concurrency: Int, count: Int, port: String) async throws {
        let sink = try SQSURL(
            "sqs:http://127.0.0.1:\(port)/123456789012/\(queue)?region=eu-west-1&concurrency=\(concurrency)",
            environment: ["AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"]
        ).makeSink()
        let source = SourceIdentity(systemIdentifier: "1", timeline: 1, slot: "bench")
        _ = try await sink.open(for: source, remembered: nil)
        let text = #"{"record":{"id":1,"name":"somebody","note":"a \"quoted\" word"},"action":"insert","pad":""#
        let body = Array((text + String(repeating: "x", count: max(0, size - text.utf8.count - 2)) + "\"}").utf8)[...]
        let requests = count / 10 / concurrency
        let (cpu, start) = (processorTime(), ContinuousClock.now)
        let durable = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<concurrency {
                group.addTask {
                    var durable = 0
                    for request in 0..<requests {
                        let messages = (0..<10).map { place in
                            OutgoingMessage(
                                cursor: Cursor(
                                    commitLSN: LSN(rawValue: UInt64(1_000_000 + request)),
                                    index: UInt64(worker * 10 + place)
                                ),
                                action: .insert,
                                schema: "public",
                                table: "orders",
                                key: Array(String(place).utf8)[...],
                                body: body
                            )
                        }
                        for case .durable in try await sink.send(messages) { durable += 1 }
                    }
                    return durable
                }
            }
            return try await group.reduce(0, +)
        }
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let used = processorTime() - cpu
        await sink.close()
        precondition(durable == requests * 10 * concurrency, "\(durable) of \(requests * 10 * concurrency) are durable")
        let name = queue.hasSuffix(".fifo") ? "FIFO" : "standard"
        let (rate, each) = (Double(durable) / wall, used / Double(durable) * 1e6)
        print(
            name.padding(toLength: 8, withPad: " ", startingAt: 0),
            String(format: "%5d %12d %13.0f %20.1f us", size, concurrency, rate, each)
        )
    }

    /// Seconds of processor time that this process has taken.
    private static func processorTime() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
