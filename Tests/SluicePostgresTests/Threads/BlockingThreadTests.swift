import Glibc
import Synchronization
import Testing

// Glibc has a Semaphore too.
import class Sluice.Semaphore

@testable import SluicePostgres

@Suite struct BlockingThreadTests {
    @Test func runsInOrder() async throws {
        let thread = BlockingThread()
        let order = Mutex<[Int]>([])
        for number in 0..<100 { try await thread.run { order.withLock { $0.append(number) } } }
        #expect(order.withLock { $0 } == Array(0..<100))
        thread.close()
    }

    @Test func workAfterTheCloseIsAnError() async throws {
        let thread = BlockingThread()
        thread.close()
        await #expect(throws: BlockingThread.Closed.self) { try await thread.run {} }
        // Nothing to wait for, and nothing runs.
        await thread.close { Issue.record("ran after the close") }
    }

    @Test func cancellationDoesNotWaitForTheClosure() async throws {
        let thread = BlockingThread()
        let (started, gate) = (Semaphore(), Semaphore())
        let call = Task {
            try await thread.run {
                started.signal(); gate.wait()
            }
        }
        await Task.detached { started.wait() }.value
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        gate.signal()
        try await thread.run {}
        thread.close()
    }

    @Test func theLastClosureRunsEvenIfCancelled() async throws {
        let thread = BlockingThread()
        let done = Semaphore()
        let closing = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await thread.close { done.signal() }
        }
        await closing.value
        await Task.detached { done.wait() }.value
    }

    @Test func aForgottenThreadEnds() async throws {
        let ended = Semaphore()
        var thread: BlockingThread? = BlockingThread()
        // The system destroys a thread's own values when it ends.
        try await thread?.run {
            var key = pthread_key_t()
            pthread_key_create(&key) { value in
                if let value { Unmanaged<Sluice.Semaphore>.fromOpaque(value).takeRetainedValue().signal() }
            }
            pthread_setspecific(key, Unmanaged.passRetained(ended).toOpaque())
        }
        thread = nil
        await Task.detached { ended.wait() }.value
    }
}
