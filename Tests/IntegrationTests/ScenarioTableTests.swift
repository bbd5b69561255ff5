import Foundation
import Testing

/// SCENARIOS.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableTests {
    private static let scenarios = (44...58).map { "E\($0)" }
    private static let folders = ["IntegrationTests", "SluicePostgresTests"]

    private let folder = URL(filePath: #filePath).deletingLastPathComponent()

    private struct Row {
        let scenario: String
        let files: Set<String>
    }

    @Test func eachScenarioIsInTheTableOnce() throws {
        try #expect(rows().map(\.scenario) == Self.scenarios)
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        let found = try testedScenarios()
        for row in try rows() {
            #expect(row.files == found[row.scenario] ?? [], "\(row.scenario): the table, and then the tests")
            #expect(!row.files.isEmpty, "\(row.scenario) has no test")
        }
        #expect(found.keys.sorted() == Self.scenarios)
    }

    private func rows() throws -> [Row] {
        let table = try String(contentsOf: folder.appending(path: "SCENARIOS.md"), encoding: .utf8)
        return table.matches(of: /(?m)^\| (E\d+) \|[^|]*\|([^|]*)\|[^|]*\|$/).map { match in
            let files = match.output.2.matches(of: /`([^`]+)`/).map { String($0.output.1) }
            return Row(scenario: String(match.output.1), files: Set(files))
        }
    }

    /// The files in which a test has the name of a scenario.
    private func testedScenarios() throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for name in Self.folders {
            let root = folder.deletingLastPathComponent().appending(path: name)
            for path in try FileManager.default.subpathsOfDirectory(atPath: root.path()) where path.hasSuffix(".swift")
            {
                let source = try String(contentsOf: root.appending(path: path), encoding: .utf8)
                for match in source.matches(of: #/@Test\(\s*"((?:E\d+(?:, )?)+): /#) {
                    for scenario in match.output.1.split(separator: ", ") {
                        found[String(scenario), default: []].insert("\(name)/\(path)")
                    }
                }
            }
        }
        return found
    }
}
