import Foundation
import Testing

/// SCENARIOS-I.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableITests {
    private static let scenarios = (82...90).map { "I\($0)" }
    private static let folders = ["IntegrationTests", "SluicePostgresTests"]

    private let folder = URL(filePath: #filePath).deletingLastPathComponent()

    private struct Row {
        let scenario: String
        let files: Set<String>
        let remark: String
    }

    @Test func eachScenarioIsInTheTableOnceWithATestOrARemark() throws {
        let rows = try rows()
        #expect(rows.map(\.scenario) == Self.scenarios)
        for row in rows {
            #expect(!row.files.isEmpty || !row.remark.isEmpty, "\(row.scenario) has neither a test nor a remark")
        }
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        let found = try testedScenarios()
        #expect(found.count > 6, "Tests are found at all")
        for row in try rows() {
            #expect(row.files == found[row.scenario] ?? [], "\(row.scenario): the table, and then the tests")
        }
    }

    private func rows() throws -> [Row] {
        let table = try String(contentsOf: folder.appending(path: "SCENARIOS-I.md"), encoding: .utf8)
        return table.matches(of: /(?m)^\| (I\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$/).map { match in
            Row(
                scenario: String(match.output.1),
                files: Set(match.output.2.matches(of: /`([^`]+)`/).map { String($0.output.1) }),
                remark: match.output.3.trimmingCharacters(in: .whitespaces)
            )
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
                for match in source.matches(of: #/@Test\(\s*"((?:I\d+(?:, )?)+): /#) {
                    for scenario in match.output.1.split(separator: ", ") {
                        found[String(scenario), default: []].insert("\(name)/\(path)")
                    }
                }
            }
        }
        return found
    }
}
