import Testing

@testable import Sluice

@Suite struct InterruptionTests {
    @Test func anInterruptionBeforeTheTaskBeginsIsRemembered() async {
        var interruption = Interruption()
        expect(interruption.acquire() == nil)
        withUnsafeCurrentTask { task in
            guard let task else { return }
            expect(interruption.publish(task))
        }
    }

    @Test func aRunningTaskIsCancelledAndCannotLeaveWhileItIsUsed() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var interruption = Interruption()
                withUnsafeCurrentTask { task in
                    guard let task else { return }
                    expect(!interruption.publish(task))
                    let cancel = interruption.acquire()
                    expect(!interruption.withdraw())
                    cancel?()
                    interruption.release()
                    expect(interruption.withdraw())
                }
                expect(Task.isCancelled)
                expect(interruption.acquire() == nil)
            }
        }
    }
}
