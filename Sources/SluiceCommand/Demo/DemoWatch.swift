import SluicePostgres
import Synchronization

/// Watches a stream ten times a second: how long it paused, how deep demand fell, how much memory it took.
final class DemoWatch: Sendable {
    struct Findings: Sendable {
        var pausedSeconds = 0.0
        var lowestDemand: Int?
        var lowestMemory: Int?
        var highestMemory = 0
    }

    private let session: StreamSession
    private let findings = Mutex(Findings())

    init(_ session: StreamSession) {
        self.session = session
    }

    /// Since the last ``takeFindings()``.
    func takeFindings() -> Findings {
        findings.withLock { findings in
            defer { findings = Findings(pausedSeconds: findings.pausedSeconds) }
            return findings
        }
    }

    func run() async {
        var last = ContinuousClock.now
        while true {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
            guard let sample = session.sample else { continue }
            let now = ContinuousClock.now
            let elapsed = (now - last) / .seconds(1)
            last = now
            findings.withLock { findings in
                if sample.state == .paused { findings.pausedSeconds += elapsed }
                findings.lowestDemand = min(findings.lowestDemand ?? .max, sample.demand)
                findings.lowestMemory = min(findings.lowestMemory ?? .max, sample.rssBytes)
                findings.highestMemory = max(findings.highestMemory, sample.rssBytes)
            }
        }
    }
}
