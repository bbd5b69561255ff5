import Sluice

extension Closing {
    /// Does something, and again after waits that grow as long as its failures pass by themselves.
    ///
    /// - Parameters:
    ///   - name: What it is done to, for messages.
    ///   - base: The first wait; the longest is ten seconds.
    ///   - report: Told of the first failure, and when it has succeeded after one.
    ///   - passing: Why it takes nothing now, as a sentence; `nil` if that does not pass.
    ///   - body: Does it; on the thread that may wait.
    /// - Throws: What does not pass, as it is; ``SinkError`` with the code `notOpen` if a wait was ended.
    package func repeating(
        _ name: String,
        base: Duration,
        report: (String) -> Void,
        passing: (any Error) -> String?,
        _ body: () throws -> Void
    ) throws {
        var backoff = Backoff(base: base, maximum: .seconds(10))
        var failures = 0
        while true {
            do {
                try body()
                if failures > 0 { report("\(name) is there again: going on.") }
                return
            } catch {
                guard let reason = passing(error) else { throw error }
                failures += 1
                if failures == 1 { report("\(name) takes nothing now: \(reason) Trying again until it does.") }
                guard pause(backoff.delay(after: failures)) else {
                    throw SinkError(.notOpen, "\(name) was closed while it took nothing.", cause: error)
                }
            }
        }
    }
}
