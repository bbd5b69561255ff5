import Glibc
import SluicePostgres

/// SIGINT and SIGTERM, as calls on a thread of their own.
enum StopSignals {
    /// Keeps the signals pending; call it before any thread is started, because threads inherit it.
    static func block() {
        var signals = stopSignals()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Calls a closure for each signal, also for those that are pending.
    static func install(_ stop: @escaping @Sendable () -> Void) {
        startThread {
            var signals = stopSignals()
            var number: Int32 = 0
            while sigwait(&signals, &number) == 0 { stop() }
        }
    }

    private static func stopSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }
}
