import Foundation
import Testing

/// SCENARIOS.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableTests {
    private let folder = URL(filePath: #filePath).deletingLastPathComponent()

    private struct Row {
        let scenario: Int
        let files: Set<String>
        let remark: String
    }

    @Test func eachScenarioIsInTheTableOnce() throws {
        #expect(try rows().map(\.scenario) == Array(1...71))
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        let found = try testedScenarios()
        #expect(found.count > 30, "Tests are found at all")
        for row in try rows() {
            #expect(row.files == found[row.scenario] ?? [], "\(row.scenario): the table, and then the tests")
            #expect(!row.files.isEmpty || !row.remark.isEmpty, "\(row.scenario) has neither a test nor a remark")
        }
        #expect(found.keys.allSatisfy { (1...71).contains($0) })
    }

    private func rows() throws -> [Row] {
        let table = try String(contentsOf: folder.appending(path: "SCENARIOS.md"), encoding: .utf8)
        return table.matches(of: /(?m)^\| (\d+) \|([^|]*)\|([^|]*)\|([^|]*)\|$/).map { match in
            Row(
                scenario: Int(match.output.1) ?? 0,
                files: Set(match.output.3.matches(of: /`([^`]+)`/).map { String($0.output.1) }),
                remark: match.output.4.trimmingCharacters(in: .whitespaces)
            )
        }
    }

    /// The files in which a test has the number of a scenario.
    private func testedScenarios() throws -> [Int: Set<String>] {
        var found: [Int: Set<String>] = [:]
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path())
        for path in paths where path.hasSuffix(".swift") {
            let source = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            for match in source.matches(of: #/@Test\(\s*"((?:\d+(?:, | to )?)+): /#) {
                for part in match.output.1.split(separator: ", ") {
                    let ends = part.split(separator: " to ").compactMap { Int($0) }
                    guard let first = ends.first, let last = ends.last else { continue }
                    for scenario in first...last { found[scenario, default: []].insert(path) }
                }
            }
        }
        return found
    }
}
