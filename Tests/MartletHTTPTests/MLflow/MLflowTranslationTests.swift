import MartletCore
import Testing

@testable import MartletHTTP

@Suite("Between MLflow's words and the domain's")
struct MLflowTranslationTests {
    @Test("a path of the proxy belongs to a run, to a model, or to nobody")
    func places() throws {
        let id = String(repeating: "a", count: 32)
        let cases: [(String, ArtifactOwner, String)] = [
            ("0/\(id)/artifacts/m/x.txt", .run(Run.ID(id)), "m/x.txt"),
            ("0/\(id)/artifacts", .run(Run.ID(id)), ""),
            ("12/models/m-\(id)/artifacts/MLmodel", .loggedModel(LoggedModel.ID("m-\(id)")), "MLmodel"),
            ("0/\(id)/x.txt", .workspace(.default), "0/\(id)/x.txt"),
            ("0/short/artifacts/x", .workspace(.default), "0/short/artifacts/x"),
            ("custom/\(id)/artifacts/x", .workspace(.default), "custom/\(id)/artifacts/x"),
            ("0/models/\(id)/artifacts/x", .workspace(.default), "0/models/\(id)/artifacts/x"),
        ]
        for (path, owner, inner) in cases {
            let place = try MLflowArtifactURI.place(of: ArtifactPath(path), in: .default)
            #expect(place.owner == owner, "\(path)")
            #expect(place.path.description == inner, "\(path)")
        }
    }

    @Test(
        "where a run's artifacts are follows from where the experiment's are",
        arguments: [
            ("mlflow-artifacts:/3", "mlflow-artifacts:/3/r/artifacts"), ("s3://b/p/", "s3://b/p/r/artifacts"),
            ("/data", "/data/r/artifacts"), ("hdfs://h/p?x=1", "hdfs://h/p/r/artifacts?x=1"),
            ("mlflow-artifacts:/", "mlflow-artifacts:/r/artifacts"),
        ]
    )
    func runPlace(location: String, uri: String) {
        #expect(MLflowArtifactURI.ofRun(Run.ID("r"), in: location) == uri)
    }

    @Test("name and notes are fields of the run and come back as tags; the user is a field and a tag")
    func tags() {
        let sent = [
            Tag(key: "mlflow.runName", value: "n"), Tag(key: "mlflow.user", value: "u"),
            Tag(key: "mlflow.note.content", value: "# N"), Tag(key: "a", value: "1"),
        ]
        let (rest, changes) = MLflowTranslation.split(sent)
        #expect(rest == [Tag(key: "mlflow.user", value: "u"), Tag(key: "a", value: "1")])
        #expect(changes == RunChanges(name: "n", user: "u", notes: "# N"))
        let run = Run(
            id: Run.ID("r"),
            experimentID: Experiment.ID(0),
            name: "n",
            user: "u",
            notes: "# N",
            tags: rest
        )
        #expect(
            MLflowTranslation.tags(of: run).map { "\($0.key)=\($0.value)" } == [
                "a=1", "mlflow.note.content=# N", "mlflow.runName=n", "mlflow.user=u",
            ]
        )
    }

    @Test("infinities are answered as the greatest numbers, NaN as NaN")
    func values() {
        #expect(MLflowTranslation.sent(.infinity) == 1.7976931348623157e308)
        #expect(MLflowTranslation.sent(-.infinity) == -1.7976931348623157e308)
        #expect(MLflowTranslation.sent(.nan).isNaN)
        #expect(MLflowTranslation.sent(0.1) == 0.1)
    }

    @Test(
        "codes become MLflow's codes and statuses",
        arguments: [
            (MartletError.Code.alreadyExists, "RESOURCE_ALREADY_EXISTS", 400),
            (.notFound, "RESOURCE_DOES_NOT_EXIST", 404), (.invalidArgument, "INVALID_PARAMETER_VALUE", 400),
            (.failedPrecondition, "INVALID_PARAMETER_VALUE", 400), (.conflict, "INVALID_PARAMETER_VALUE", 400),
            (.unimplemented, "NOT_IMPLEMENTED", 501), (.storageFull, "RESOURCE_EXHAUSTED", 507),
            (.quotaExceeded, "RESOURCE_EXHAUSTED", 413),
            (.permissionDenied, "PERMISSION_DENIED", 403), (.unavailable, "TEMPORARILY_UNAVAILABLE", 503),
        ]
    )
    func codes(code: MartletError.Code, name: String, status: Int) {
        #expect(MLflowErrors.name(of: code) == name)
        #expect(MLflowErrors.status(of: code) == status)
    }

    @Test("changed parameters are listed as Python prints them")
    func paramsChanged() {
        let conflicts = [ParamConflict(key: "a", storedValue: "it's", newValue: "2")]
        let error = MartletError(.conflict, "", paramConflicts: conflicts)
        #expect(
            MLflowErrors.ofRun(Run.ID("r"), error).message
                == "Changing param values is not allowed. Params were already logged="
                + "'[{'key': 'a', 'old_value': \"it's\", 'new_value': '2'}]' for run ID='r'."
        )
        #expect(
            MLflowErrors.ofRun(Run.ID("r"), error, isBatch: false).message
                == "Changing param values is not allowed. Param with key='a' was already logged with "
                + "value='it's' for run ID='r'. Attempted logging new value '2'."
        )
    }

    @Test(
        "paths are made normal as Python does",
        arguments: [
            ("", "."), ("a//b", "a/b"), ("a/", "a"), ("a/../b", "b"), ("../a", "../a"), ("/a", "/a"), ("//a", "//a"),
            ("///a", "/a"), ("./a/.", "a"), ("a/..", "."), ("/..", "/"),
        ]
    )
    func normalPaths(path: String, normal: String) {
        #expect(MLflowRules.normalPath(path) == normal)
    }

    @Test(
        "a long series is thinned evenly by rank, its ends kept",
        arguments: [(10, 10), (10, 3), (1_000, 7), (5, 1), (0, 4), (2_501, 2_500)]
    )
    func sampling(count: Int, limit: Int) {
        let steps = (0..<count).map { Int64(count - $0) }
        let points = PointColumns(steps: steps, times: steps.map { _ in 0 }, values: steps.map(Double.init))
        let ranks = MetricSampling.ranks(of: points, limit: limit)
        #expect(ranks.count == min(count, limit))
        #expect(Set(ranks).count == ranks.count)
        #expect(ranks.map { points.steps[$0] } == ranks.map { points.steps[$0] }.sorted())
        if count > 0 { #expect(ranks.last.map { points.steps[$0] } == Int64(count)) }
        if limit > 1, count > 0 { #expect(ranks.first.map { points.steps[$0] } == 1) }
    }

    @Test(
        "dates are written as HTTP writes them",
        arguments: [
            (Int64(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_709_164_800_999, "Thu, 29 Feb 2024 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ]
    )
    func dates(milliseconds: Int64, text: String) {
        #expect(HTTPDate.text(of: milliseconds) == text)
    }

    @Test("page tokens lead back to their place, others are refused")
    func tokens() throws {
        #expect(try MLflowPageToken.offset(MLflowPageToken.token(offset: 25)) == 25)
        let cursor = HistoryCursor(time: 5, step: -3, valueKey: .min)
        #expect(try MLflowPageToken.cursor(MLflowPageToken.token(at: cursor)) == cursor)
        #expect(throws: MartletError.self) { try MLflowPageToken.offset("!!") }
        #expect(throws: MartletError.self) { try MLflowPageToken.offset("e30=") }
        #expect(throws: MartletError.self) { try MLflowPageToken.cursor(MLflowPageToken.token(offset: 1)) }
        #expect(throws: MartletError.self) {
            try MLflowPageToken.offset(MLflowPageToken.token(offset: 1, of: 2), of: 3)
        }
    }
}
