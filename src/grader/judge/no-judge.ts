import { BerthError } from "../../core/errors.ts";
import type { JudgeModel } from "./judge-model.ts";

/** @throws BerthError `invalid_environment` when this controller was given no judge */
export function assertJudge(model: JudgeModel | undefined): JudgeModel {
  if (model !== undefined) return model;
  throw new BerthError("invalid_environment", "graders: this controller has no judge to ask.", {
    remedy: "Set judge_base_url and judge_model, or take the grader out.",
  });
}
