import SluicePipelines
import SluicePipelinesTesting
import Testing

/// The check of sources, on sources that are right and on some that are not.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    private static func check(_ broker: MemoryBroker, failed: FailedMessages = .comeAgain) async throws {
        try await checkSource(failed: failed) {
            broker.interrupt()
        } make: {
            MemorySource(broker)
        } publish: {
            broker.publish($0)
        } text: {
            $0.body
        }
    }

    @Test func aSourceThatIsRightPasses() async throws {
        try await Self.check(MemoryBroker())
    }

    @Test(arguments: zip(MemoryBroker.Wrong.visible, [1, 1, 2, 2, 3, 7]))
    func whatIsWrongIsFound(_ wrong: MemoryBroker.Wrong, rule: Int) async throws {
        do {
            try await Self.check(MemoryBroker(wrong: wrong))
            Issue.record("nothing was found")
        } catch let error as SourceViolation {
            #expect(error.rule == rule, "\(error)")
        }
    }

    @Test func aFailureThatComesAgainIsFound() async throws {
        do {
            try await Self.check(MemoryBroker(), failed: .areGone)
            Issue.record("nothing was found")
        } catch let error as SourceViolation {
            #expect(error.rule == 6, "\(error)")
        }
    }

    /// Whoever checks would wait for the message; the broker here says that there is none.
    @Test(arguments: [MemoryBroker.Wrong.losesWhatIsGivenBack, .losesFailures, .losesInInterruptions])
    func whatIsLostIsWaitedFor(_ wrong: MemoryBroker.Wrong) async throws {
        await #expect(throws: (any Error).self) { try await Self.check(MemoryBroker(wrong: wrong)) }
    }
}
