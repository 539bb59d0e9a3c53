"""Configuration: precedence, strictness, and what an error tells."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.config import config_from_dict, load_config
from evonas.config_document import differences
from evonas.config_errors import ConfigError
from search_spaces.mutation import PAPER_MUTATION, MutationWeights
from search_spaces.space import SearchSpace, get_space
from workers.data import CifarConfig, TextConfig


def test_set_wins_over_file_wins_over_preset(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("seed = 5\nbudget = 7\n[evolution]\nlag = 3\n")
    config = load_config("quick", file, ["budget=9", "space=evonorm-s"])
    assert (config.seed, config.budget, config.evolution.lag, config.space.name) == (
        5,
        9,
        3,
        "evonorm-s",
    )
    assert config.evolution.mutations == 2


def test_a_file_with_another_kind_of_data_replaces_the_preset_s(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[evaluation.data]\nkind = 'cifar100'\nlabels = 'coarse'\n")
    assert load_config("quick", file).evaluation.data == CifarConfig("cifar100", labels="coarse")
    file.write_text("[evaluation.data]\nkind = 'digits'\nsize = 8\n")
    assert load_config("quick", file).evaluation.data == replace(
        load_config("quick").evaluation.data, size=8
    )


def test_what_is_said_of_the_data_holds_for_anchors_with_data_of_their_own(tmp_path: Path) -> None:
    preset = load_config("quick").evaluation
    assert any(anchor.data is not None for anchor in preset.anchors)  # else this tests nothing
    file = tmp_path / "run.toml"
    file.write_text("[evaluation.data]\nkind = 'cifar100'\n")
    evaluation = load_config("quick", file).evaluation
    assert {evaluation.data_of(anchor) for anchor in evaluation.anchors} == {
        CifarConfig("cifar100")
    }
    smaller = load_config("quick", None, ["evaluation.data.train=9"]).evaluation
    for anchor, before in zip(smaller.anchors, preset.anchors, strict=True):
        assert smaller.data_of(anchor) == replace(preset.data_of(before), train=9)
    settings = ["evaluation.data.train=9", "evaluation.anchors.resnet.data.train=7"]
    by_name = {a.name: a for a in load_config("quick", None, settings).evaluation.anchors}
    assert by_name["resnet"].data == replace(preset.data_of(preset.anchors[0]), train=7)
    file.write_text(
        "[[evaluation.anchors]]\nname = 'gpt'\nnetwork = {}\ndata = {kind = 'text'}\n"
        "[evaluation.data]\nsize = 8\n"
    )
    other_kind = load_config("quick", file, ["baselines=[]", "evaluation.data.train=9"]).evaluation
    assert other_kind.data_of(other_kind.anchors[0]) == TextConfig()


def test_what_an_anchor_requires_is_required_of_candidates_and_baselines(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    text = """
baselines = ["LN-GELU", "{}"]
[[evaluation.anchors]]
name = "gpt"
network = {{}}
data = {{kind = "text"}}
"""
    file.write_text(text.format("DyT"))
    assert "causal" in load_config("quick", file).search_space.requirements
    assert "causal" not in load_config("quick").search_space.requirements
    file.write_text(text.format("GN-ReLU"))
    with pytest.raises(ConfigError, match=r"the baseline GN-ReLU is not causal.* gpt.*leave out"):
        load_config("quick", file)


def test_an_anchor_is_set_by_its_name() -> None:
    config = load_config("quick", None, ["evaluation.anchors.vit.steps=7"])
    steps = {anchor.name: anchor.steps for anchor in config.evaluation.anchors}
    assert steps["vit"] == 7
    assert steps["resnet"] != 7


def test_a_stored_config_reads_back_as_itself() -> None:
    config = load_config("quick")
    stored = json.loads(json.dumps(config.to_dict()))
    assert config_from_dict(stored) == config
    assert stored == config.to_dict()


def test_differences_name_the_keys() -> None:
    one = load_config("quick").to_dict()
    two = load_config(
        "quick", None, ["evolution.lag=3", "evaluation.anchors.vit.steps=7"]
    ).to_dict()
    found = differences(one, two)
    assert any(line.startswith("evaluation.anchors.vit.steps: ") for line in found)
    assert "evolution.lag: 16 -> 3" in found
    assert len(found) == 2
    assert differences(one, one) == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "evolution.lagg=3",
            r"unknown key 'evolution\.lagg' \(did you mean 'lag'\?\); allowed: lag, window",
        ),
        ("share=1", r"unknown key 'share' \(did you mean 'audit\.share'\?\); allowed: space"),
        ("training.steps=1", r"unknown key 'training' \(did you mean 'evaluation\.training'\?\)"),
        (
            "evolution.steps=1",
            r"unknown key 'evolution\.steps' \(did you mean 'evaluation\.anchors\.NAME\.steps', "
            r"'evaluation\.training\.steps' or 'evaluation\.stability\.steps'\?\); allowed: lag",
        ),
        (
            "evaluation.lag=3",
            r"unknown key 'evaluation\.lag' \(did you mean 'evolution\.lag'\?\); allowed: anchors",
        ),
        (  # a resnet has them
            "evaluation.anchors.vit.network.widths=[8]",
            r"^unknown setting evaluation\.anchors\[1\]\.network\.widths; .*did you mean 'width'",
        ),
        ("num_nodes=3", r"unknown key 'num_nodes'; allowed: "),
        ("budgte=3", r"unknown key 'budgte' \(did you mean 'budget'\?\); allowed: "),
        ("evolution.lag=40", "above half the window"),
        ("evolution.lag=0", r"evolution\.lag: 0; give a whole number from 1 up"),
        ("evolution.lag=abc", r"evolution\.lag: 'abc'; give a whole number from 1 up"),
        ("evolution.lag=1.5", r"evolution\.lag: 1\.5; give a whole number"),
        ("evolution=5", r"evolution: 5; give a table with keys of lag, window"),
        (
            "evolution.winner=parto",
            r"'parto'; give one of pareto, average, crowding \(did you mean 'pareto'",
        ),
        (
            "evolution.objectives=['scores', 'pases']",
            r"evolution\.objectives: unknown objective 'pases' \(did you mean 'passes'\?\); "
            r"allowed: scores, passes, reductions, bytes, kept",
        ),
        ("evolution.objectives=['kept']", r"kept alone would breed the cheapest.*add 'scores'"),
        ("evolution.objectives=['scores','scores']", r"'scores' is there twice"),
        ("evolution={winner='average', objectives=['scores', 'kept']}", r"cannot weigh kept"),
        ("evolution.seeds=0", r"evolution\.seeds: 0; give a whole number from 1 up"),
        (
            "evolution.seeds_share=1",
            r"evolution\.seeds_share: 1; give a number above 0 and below 1",
        ),
        ("evolution.strategy=evolve", r"one of evolution, random \(did you mean 'evolution'\?\)"),
        ("warm_start=['EvoNorm-B9']", r"unknown zoo layer 'EvoNorm-B9' \(did you mean"),
        ("warm_start=['relu', 'ReLU']", r"warm_start: ReLU is there twice"),
        (
            "warm_start=['GELU']",
            r"warm start GELU is no layer of the space 'evonorm-b': it uses erf",
        ),
        ("evolution.tournament_share=2", r"tournament_share: 2; give a number above 0 and up to 1"),
        ("budget=true", r"budget: True; give a whole number from 1 up and up to 1e\+18"),
        ("seed=9223372036854775808", r"seed: 9\d*; give a whole number from 0 up and up to 1e\+18"),
        ("budget=0", r"budget: 0; give a whole number from 1 up"),
        ("max_minutes=inf", r"max_minutes: inf; give a number above 0"),
        ("max_minutes=true", r"max_minutes: True; give a number above 0"),
        ("baselines=foo", r"baselines: 'foo'; give a list of texts"),
        ("baselines=[3]", r"baselines\.0: 3; give a list of texts"),
        ("evaluation=5", r"^evaluation: 5; give a table of settings"),
        ("screening=5", r"^screening: 5; give a table of settings"),
        ("evaluation.quality.step=true", r"^evaluation\.quality\.step: True; give a value"),
        ("evolution.mutation.grafts=1", r"^unknown setting evolution\.mutation\.grafts; .*'graft'"),
        ("evolution.mutation.redraw=0", r"evolution\.mutation: a mutation weight must be above 0"),
        ("evolution.mutation.swap=-1", r"mutation weights must be numbers from 0 up"),
        ("evolution.mutation.swap=true", r"^evolution\.mutation\.swap: True; give a value of"),
        ("evolution.mutation=3", r"^evolution\.mutation: 3; give a table"),
        ("space=5", r"space: 5; give one of evonorm-b, .*, a TOML file, or a table"),
        ("space.num_nodes=5", r"'space' is 'evonorm-b', a value and not a section"),
        (
            "require=['casual']",
            r"unknown requirement 'casual' \(did you mean 'causal'\?\); allowed: ",
        ),
        ("require=['passes<=1']", r"no layer can meet 'passes<=1': even max\(x, 0\) has passes 2"),
        ("space=evonorm", r"unknown space 'evonorm' \(did you mean 'evonorm-[bs]'\?\)"),
        ("baselines=['BN-RELU6']", r"unknown zoo layer 'BN-RELU6' \(did you mean 'BN-ReLU'\?\)"),
        (
            "evaluation.trainig.steps=3",
            r"unknown setting evaluation\.trainig; allowed: .*did you mean \'training\'",
        ),
        ("screening.stack.dept=3", r"unknown setting screening\.stack\.dept.*depth"),
        ("evaluation.anchors.vti.steps=3", r"no entry 'vti' \(did you mean 'vit'\?\)"),
        ("budget", r"key\.path=value"),
    ],
)
def test_a_wrong_key_or_value_is_explained(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config("quick", None, [override])


def test_cheap_layers_are_refused_only_if_none_can_be_so_cheap() -> None:
    assert load_config("quick", None, ["require=['passes<=2']"]).require == ("passes<=2",)
    loose = ["require=['passes<=1']", "screening.reject_affine=false"]
    assert load_config("quick", None, loose).require == ("passes<=1",)
    with pytest.raises(ConfigError, match=r"'kept<=0': even x has kept 1"):
        load_config("quick", None, ["require=['kept<=0']", "screening.reject_affine=false"])


def test_the_paper_s_mutation_is_the_default_and_weights_are_set_one_by_one() -> None:
    assert load_config("quick").evolution.mutation == PAPER_MUTATION
    config = load_config("quick", None, ["evolution.mutation.graft=2"])
    assert config.evolution.mutation == MutationWeights(redraw=1.0, graft=2.0)
    assert config_from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_run_s_requirements_go_on_top_of_the_space_s() -> None:
    config = load_config(
        "quick", None, ["space=evonorm-s", "require=['causal','batch-independent']"]
    )
    assert config.space == get_space("evonorm-s")
    assert config.search_space.requirements == ("batch-independent", "causal")
    assert config_from_dict(config.to_dict()) == config


def test_an_error_in_a_run_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[evolution]\nlag = 0\n")
    with pytest.raises(ConfigError, match=r"run\.toml: evolution\.lag: 0; give"):
        load_config("quick", file)
    assert load_config("quick", file, ["evolution.lag=3"]).evolution.lag == 3
    file.write_text("seed = 3\n")
    with pytest.raises(ConfigError, match=r"^evolution\.lag: 0; give"):
        load_config("quick", file, ["evolution.lag=0"])


OWN = """
name = "mine"
initial = ["x", "0", "v1"]
primitives = ["mul", "max"]
moments = ["std"]
index_sets = ["c"]
num_nodes = 5
requirements = ["causal"]
"""


def test_a_space_of_one_s_own_is_found_beside_the_run_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "my.toml").write_text(OWN)
    run_file = tmp_path / "there" / "run.toml"
    run_file.write_text('space = "my.toml"\n')
    config = load_config("quick", run_file)
    expected = SearchSpace("mine", ("x", "0", "v1"), ("mul", "max", "std[c]"), 5, ("causal",))
    assert config.space == expected
    monkeypatch.chdir(tmp_path / "there")
    assert load_config("quick", None, ["space=my.toml"]) == config
    with pytest.raises(ConfigError, match=r"cannot read the search space .*no\.toml: No such file"):
        load_config("quick", None, ["space=no.toml"])
    (tmp_path / "there" / "my.toml").write_text(OWN.replace("mul", "mull"))
    with pytest.raises(
        ConfigError, match=r"my\.toml: unknown primitive 'mull' .*did you mean 'mul'"
    ):
        load_config("quick", run_file)


def test_a_stored_space_of_one_s_own_is_complete_and_no_path_is_followed(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(OWN)
    config = load_config("quick", None, [f"space={tmp_path}/my.toml"])
    stored = json.loads(json.dumps(config.to_dict()))
    (tmp_path / "my.toml").unlink()
    assert config_from_dict(stored) == config
    other = {**stored, "space": {**stored["space"], "num_nodes": 6}}
    assert differences(stored, other) == ["space.num_nodes: 5 -> 6"]
    with pytest.raises(ConfigError, match=r"space: unknown key 'path'; allowed: name"):
        config_from_dict({**stored, "space": {**stored["space"], "path": "x"}})
    with pytest.raises(ConfigError, match="unknown space '/"):
        config_from_dict({**stored, "space": f"{tmp_path}/my.toml"})


def test_unknown_preset_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown preset 'quik' \(did you mean 'quick'\?\)"):
        load_config("quik")
    with pytest.raises(ConfigError, match=r"cannot read the run file .*: No such file"):
        load_config("quick", tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("seed = " + "9" * 5000)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config("quick", broken)
    with pytest.raises(ConfigError, match=r"seed: '9+.*'; give a whole number from 0 up"):
        load_config("quick", None, ["seed=" + "9" * 5000])
    broken.write_text("seed = = 3")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config("quick", broken)


def test_a_warm_start_is_stored_under_the_zoo_s_names() -> None:
    config = load_config("quick", None, ["warm_start=['evonorm_b0', 'bn-relu']"])
    assert config.warm_start == ("EvoNorm-B0", "BN-ReLU")
    assert load_config("quick").warm_start == ()
