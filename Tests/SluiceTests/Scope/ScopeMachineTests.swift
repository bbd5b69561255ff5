import Testing

@testable import Sluice

@Suite struct ScopeMachineTests {
    private func expectCode(_ code: StageError.Code, _ error: (any Error)?) {
        expect((error as? StageError)?.code == code)
    }

    @Test func anOpenScopeRefusesNothingAndIsNotOver() {
        var machine = ScopeMachine()
        expect(machine.refusal == nil)
        let next = machine.nextCommand()
        expect(next.command == nil && !next.isOver)
    }

    @Test func aClosedScopeWithoutStagesIsOver() {
        var machine = ScopeMachine()
        _ = machine.close()
        expectCode(.closed, machine.refusal)
        expect(machine.nextCommand().isOver)
        expect(machine.isGoing)
    }

    @Test func aDrainRefusesNewStages() {
        var machine = ScopeMachine()
        _ = machine.drain(at: .zero, within: nil)
        expectCode(.closed, machine.refusal)
    }

    @Test func onlyTheFirstFailureIsKept() {
        var machine = ScopeMachine()
        let (first, second) = (machine.failed(SimulatedFailure(stage: 1)), machine.failed(SimulatedFailure(stage: 2)))
        expect(first && !second)
        expect(machine.refusal as? SimulatedFailure == SimulatedFailure(stage: 1))
    }

    @Test func aFailureAfterACancellationIsItsConsequence() {
        var machine = ScopeMachine()
        _ = machine.cancel()
        let isFirst = machine.failed(SimulatedFailure(stage: 1))
        expect(!isFirst)
        expect(machine.refusal is CancellationError)
    }

    @Test func aCancellationAfterTheEndChangesNothing() {
        var machine = ScopeMachine()
        _ = machine.close()
        _ = machine.nextCommand()
        _ = machine.cancel()
        expect(!machine.isCancelled)
    }

    @Test func theControlChildIsResumedOnceForEachIdlePeriod() async {
        var machine = ScopeMachine()
        var resumptions = 0
        await withUnsafeContinuation { continuation in
            expect(!machine.park(continuation))
            for _ in 0..<2 where machine.close() != nil { resumptions += 1 }
            continuation.resume()
        }
        expect(resumptions == 1)
    }
}
