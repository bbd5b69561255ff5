import Sluice

/// What a source waits after each failure in a row: longer and longer, shortened by chance.
package struct Outage: Sendable {
    private let clock: any Clock<Duration>
    private var backoff: Backoff
    private var failures = 0

    /// Starts without failures.
    ///
    /// - Parameters:
    ///   - base: The first wait at most.
    ///   - maximum: The longest wait.
    ///   - clock: Measures the waits.
    package init(base: Duration, maximum: Duration, clock: any Clock<Duration>) {
        self.clock = clock
        backoff = Backoff(base: base, maximum: maximum).jittered(by: 0.5, using: SystemRandomNumberGenerator())
    }

    /// Counts a failure and waits.
    ///
    /// - Parameter report: Told how long, before the wait.
    /// - Throws: `CancellationError`.
    package mutating func wait(_ report: (Duration) -> Void) async throws {
        failures += 1
        let delay = backoff.delay(after: failures)
        report(delay)
        try await clock.sleep(for: delay)
    }

    /// The failures in a row are over.
    package mutating func end() {
        failures = 0
    }
}
