import SluiceTesting
import Testing

@testable import Sluice

@Suite struct SupervisionTreeTests {
    private func tree(
        _ strategy: RestartStrategy,
        _ policy: RestartPolicy = .upTo(2, within: .seconds(10)),
        surrender: Surrender = .escalate
    ) -> SupervisionTree {
        var tree = SupervisionTree()
        let group = tree.addGroup(to: SupervisionTree.root, policy, strategy, surrender)
        for stage in 0..<4 { tree.addStage(stage, to: group) }
        return tree
    }

    @Test func eachStrategyChoosesItsStages() {
        var alone = tree(.oneForOne)
        expect(alone.failed(1, at: .zero) == .restart([1]))
        var rest = tree(.restForOne)
        expect(rest.failed(1, at: .zero) == .restart([1, 2, 3]))
        var all = tree(.oneForAll)
        expect(all.failed(1, at: .zero) == .restart([0, 1, 2, 3]))
    }

    @Test func aStageOutsideOfEveryGroupFailsTheGraph() {
        var tree = SupervisionTree()
        tree.addStage(0, to: SupervisionTree.root)
        expect(tree.failed(0, at: .zero) == .fail)
    }

    @Test func whatHasEndedIsNotStartedAgain() {
        var tree = tree(.oneForAll)
        expect(tree.ended(2) == [])
        expect(tree.failed(1, at: .zero) == .restart([0, 1, 3]))
    }

    @Test func allStopBeforeAnyStarts() {
        var tree = tree(.oneForAll, .upTo(2, within: .seconds(10), backoff: Backoff(base: .seconds(3))))
        expect(tree.failed(1, at: .zero) == .restart([0, 1, 2, 3]))
        expect(tree.stopped(1) == [])
        expect(tree.stopped(0) == [])
        expect(tree.ended(3) == [], "It came to its end meanwhile")
        let delay = Duration.seconds(3)
        let releases = [0, 1, 2].map { SupervisionTree.Release(stage: $0, delay: delay) }
        expect(tree.stopped(2) == releases)
    }

    @Test func aStageThatFailsWhileItIsStoppedCountsOnce() {
        var tree = tree(.oneForAll, .upTo(1, within: .seconds(10)))
        expect(tree.failed(1, at: .zero) == .restart([0, 1, 2, 3]))
        expect(tree.failed(2, at: .zero) == .decided)
        for stage in 0..<3 { expect(tree.stopped(stage) == []) }
        expect(tree.stopped(3).count == 4)
        expect(tree.failed(2, at: .seconds(1)) == .fail, "One failure was forgiven, and no more")
    }

    @Test func anEarlierStageThatFailsDuringARestartTakesTheOthersAlong() {
        var tree = tree(.restForOne)
        expect(tree.failed(2, at: .zero) == .restart([2, 3]))
        expect(tree.stopped(2) == [])
        expect(tree.failed(1, at: .zero) == .restart([1, 2, 3]))
        expect(tree.stopped(3) == [], "Both wait for the first")
        expect(Set(tree.stopped(1).map(\.stage)) == [1, 2, 3])
    }

    @Test func failuresCountForTheirIntervalOnly() {
        var tree = tree(.oneForOne)
        for second in [0, 9, 10, 19, 20] {
            expect(tree.failed(0, at: .seconds(second)) == .restart([0]), "at \(second) s")
            expect(tree.stopped(0).count == 1)
        }
        expect(tree.failed(0, at: .seconds(21)) == .fail)
    }

    @Test func theFailuresOfAllStagesOfAGroupCountTogether() {
        var tree = tree(.oneForOne)
        for stage in 0..<2 {
            expect(tree.failed(stage, at: .zero) == .restart([stage]))
            expect(tree.stopped(stage).count == 1)
        }
        expect(tree.failed(2, at: .zero) == .fail)
    }

    @Test func waitsGrowWithTheFailuresThatCount() {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(3))
        var tree = tree(.oneForOne, .upTo(4, within: .seconds(10), backoff: backoff))
        for delay in [1, 2, 3, 3] {
            expect(tree.failed(0, at: .zero) == .restart([0]))
            expect(tree.stopped(0) == [SupervisionTree.Release(stage: 0, delay: .seconds(delay))])
        }
        expect(tree.failed(0, at: .seconds(10)) == .restart([0]))
        expect(tree.stopped(0) == [SupervisionTree.Release(stage: 0, delay: .seconds(1))])
    }

    @Test func aGroupThatGivesUpIsOneFailedChildOfItsParent() {
        var tree = SupervisionTree()
        let outer = tree.addGroup(to: SupervisionTree.root, .upTo(1, within: .seconds(10)), .restForOne, .escalate)
        tree.addStage(0, to: outer)
        let inner = tree.addGroup(to: outer, .upTo(1, within: .seconds(10)), .oneForOne, .escalate)
        tree.addStage(1, to: inner)
        tree.addStage(2, to: inner)
        tree.addStage(3, to: outer)
        expect(tree.failed(1, at: .zero) == .restart([1]))
        expect(tree.stopped(1).count == 1)
        expect(tree.failed(2, at: .zero) == .restart([1, 2, 3]), "The whole group, and what was started after it")
        for stage in 1..<3 { expect(tree.stopped(stage) == []) }
        expect(tree.stopped(3).count == 3)
        expect(tree.failed(1, at: .zero) == .restart([1]), "It counts anew")
        expect(tree.stopped(1).count == 1)
        expect(tree.failed(1, at: .zero) == .fail)
    }

    @Test func aGroupMayEndItsStagesInstead() {
        var alone = tree(.oneForOne, .never, surrender: .endStages)
        expect(alone.failed(1, at: .zero) == .end([1]))
        var all = tree(.oneForAll, .never, surrender: .endStages)
        expect(all.failed(1, at: .zero) == .end([0, 1, 2, 3]))
    }

    @Test func aStageThatStopsForNothingGoesOnAtOnce() {
        var tree = tree(.oneForOne)
        expect(tree.stopped(2) == [SupervisionTree.Release(stage: 2, delay: .zero)])
    }

    /// Whatever fails when: nobody who has to be waited for is left behind, and nobody waits for ever.
    @Test(arguments: UInt64(0)..<300) func aRandomWalkLetsEveryStoppedStageGoInTheEnd(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tree = SupervisionTree()
        var groups = [SupervisionTree.root]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let strategy = [RestartStrategy.oneForOne, .restForOne, .oneForAll].randomElement(using: &generator)
            let parent = groups.randomElement(using: &generator) ?? SupervisionTree.root
            let policy = RestartPolicy.upTo(Int.random(in: 1...3, using: &generator), within: .seconds(5))
            groups.append(tree.addGroup(to: parent, policy, strategy ?? .oneForOne, .escalate))
        }
        let count = Int.random(in: 1...6, using: &generator)
        for stage in 0..<count { tree.addStage(stage, to: groups.randomElement(using: &generator) ?? 0) }

        var running = Set(0..<count)
        var asked: Set<Int> = []
        var stopped: Set<Int> = []
        func release(_ releases: [SupervisionTree.Release]) {
            for release in releases {
                expect(stopped.remove(release.stage) != nil, "\(release.stage) was released and had not stopped")
                running.insert(release.stage)
            }
            expect(asked.isSubset(of: running))
        }
        for second in 0..<60 {
            guard let stage = running.sorted().randomElement(using: &generator) else { break }
            if asked.contains(stage) {
                running.remove(stage)
                asked.remove(stage)
                if generator.chance(6) {
                    release(tree.ended(stage))
                } else {
                    stopped.insert(stage)
                    release(tree.stopped(stage))
                }
                continue
            }
            guard case .restart(let stages) = tree.failed(stage, at: .seconds(second)) else { continue }
            expect(stages.contains(stage))
            asked.formUnion(stages.filter { running.contains($0) })
        }
        while let stage = asked.min() {
            running.remove(stage)
            asked.remove(stage)
            stopped.insert(stage)
            release(tree.stopped(stage))
        }
        expect(stopped.isEmpty, "\(stopped.sorted()) wait for nobody")
    }
}
