import ConnectorTesting
import FoundationEssentials
import SinkTesting
import SluiceSinks
import Synchronization
import Testing

@testable import SluiceSQS

@Suite struct CredentialScheduleTests {
    private func at(_ seconds: Double) -> Date { Date(timeIntervalSince1970: seconds) }

    private func key(_ id: String, until end: Double?) -> AWSCredentials {
        AWSCredentials(accessKeyID: id, secretAccessKey: "s", expiration: end.map(at))
    }

    @Test func keysWithoutAnEndAreFetchedOnce() {
        var schedule = CredentialSchedule()
        #expect(schedule.next(at: at(0)) == .fetch(fallback: nil))
        schedule.fetched(key("a", until: nil))
        #expect(schedule.next(at: at(1e9)) == .use(key("a", until: nil)))
    }

    @Test func oneCallerReplacesThemBeforeTheyEnd() {
        var schedule = CredentialSchedule()
        schedule.fetched(key("a", until: 1000))
        #expect(schedule.next(at: at(699)) == .use(key("a", until: 1000)))
        #expect(schedule.next(at: at(700)) == .fetch(fallback: key("a", until: 1000)))
        #expect(schedule.next(at: at(700)) == .use(key("a", until: 1000)))
        schedule.fetched(key("b", until: 2000))
        #expect(schedule.next(at: at(700)) == .use(key("b", until: 2000)))
    }

    @Test func theOldOnesServeWhileNewOnesCannotBeHad() {
        var schedule = CredentialSchedule()
        schedule.fetched(key("a", until: 1000))
        #expect(schedule.next(at: at(800)) == .fetch(fallback: key("a", until: 1000)))
        schedule.failed(at: at(800))
        #expect(schedule.next(at: at(829)) == .use(key("a", until: 1000)))
        #expect(schedule.next(at: at(830)) == .fetch(fallback: key("a", until: 1000)))
        schedule.failed(at: at(830))
        #expect(schedule.next(at: at(1000)) == .fetch(fallback: nil))
    }

    @Test func expiredOnesAreForgottenUnlessOthersCameMeanwhile() {
        var schedule = CredentialSchedule()
        schedule.fetched(key("a", until: nil))
        schedule.expired(key("old", until: nil))
        #expect(schedule.next(at: at(0)) == .use(key("a", until: nil)))
        schedule.expired(key("a", until: nil))
        #expect(schedule.next(at: at(0)) == .fetch(fallback: nil))
    }

    @Test func aStoreSaysWhetherItIsWorthWaiting() async throws {
        let now = Mutex(at(0))
        let next = Mutex(Result<AWSCredentials, SinkError>.failure(SinkError(.notAuthorized, "none")))
        let store = CredentialStore(now: { now.withLock { $0 } }, fetch: { try next.withLock { try $0.get() } })
        await expectFailure(.notAuthorized, "none") { try await store.current() }
        next.withLock { $0 = .success(key("a", until: 1000)) }
        #expect(try await store.current() == key("a", until: 1000))
        next.withLock { $0 = .failure(SinkError(.notAuthorized, "gone")) }
        now.withLock { $0 = at(900) }
        #expect(try await store.current() == key("a", until: 1000))
        now.withLock { $0 = at(1001) }
        await expectFailure(.unavailable, "cannot be had now", "gone") { try await store.current() }
        next.withLock { $0 = .success(key("b", until: 2000)) }
        #expect(try await store.current() == key("b", until: 2000))
    }
}
