//! Drills and the forecast, asked of the worker; schedules are kept in the health settings.

use mailward_api::{
    control::{ControlReply, ControlRequest, DrillRequest, Role},
    fault::Fault,
    operation::request,
    view::{Changed, DrillList, DrillRun, ForecastReport, StateChange},
};
use mailward_model::{
    Kind, Spec,
    kind::{DrillSchedule, HealthSettings},
};

use serde_json::Value;

use super::{Access, blocking, expect_reply, failed, unexpected};
use crate::peer::Peer;

impl Access {
    async fn drill(&self, request: DrillRequest) -> Result<DrillRun, Fault> {
        match self
            .ask(Role::Worker, ControlRequest::Drill(request))
            .await?
        {
            ControlReply::Drill(run) => Ok(*run),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn drill_list(&self) -> Result<DrillList, Fault> {
        let request = ControlRequest::Drill(DrillRequest::List);
        let reply = self.ask(Role::Worker, request).await;
        expect_reply!(reply, Drills)
    }

    pub(super) async fn drill_run(
        &self,
        r: request::DrillRun,
        peer: Peer,
    ) -> Result<DrillRun, Fault> {
        let by = self.by(&peer).await?;
        let run = self
            .drill(DrillRequest::Run {
                drill: r.name.clone(),
                connector: r.connector,
                by,
                confirmed: r.yes,
            })
            .await?;
        let subject = format!("drill {}", run.id);
        let begun = StateChange::new(subject, "state", Value::Null, run.state.word());
        self.audit(&peer, "drill run", r.name, &vec![begun]).await;
        Ok(run)
    }

    pub(super) async fn drill_show(&self, id: String) -> Result<DrillRun, Fault> {
        self.drill(DrillRequest::Show { id }).await
    }

    pub(super) async fn drill_end(&self, id: String, peer: Peer) -> Result<DrillRun, Fault> {
        let run = self.drill(DrillRequest::End { id: id.clone() }).await?;
        let ended = run.state_before.map(|before| {
            StateChange::new(
                format!("drill {id}"),
                "state",
                before.word(),
                run.state.word(),
            )
        });
        let changes: Vec<StateChange> = ended.into_iter().collect();
        self.audit(&peer, "drill end", id, &changes).await;
        Ok(run)
    }

    pub(super) async fn drill_schedule(
        &self,
        r: request::DrillSchedule,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let list = self.drill_list().await?;
        let names: Vec<&str> = list.drills.iter().map(|one| one.drill.as_str()).collect();
        if !names.contains(&r.name.as_str()) {
            let all = "`mailward drill list` shows the drills";
            return Err(super::unknown("drill", &r.name, &names, all).at("name"));
        }
        let store = self.store.clone();
        let settings = blocking(move || {
            store
                .get(Kind::HealthSettings, "default")
                .map_err(|error| failed(&error))
        })
        .await?;
        let (revision, mut drills) = match settings.map(|object| (object.revision, object.spec)) {
            Some((revision, Spec::HealthSettings(HealthSettings { drills, .. }))) => {
                (revision.0, drills)
            }
            _ => (0, Vec::new()),
        };
        let before = drills.clone();
        drills.retain(|one| one.drill != r.name);
        let schedule = DrillSchedule {
            drill: r.name.clone(),
            every: r.every,
            at: r.at,
        };
        let text = if r.off {
            format!("{} is run by itself no more.", r.name)
        } else {
            drills.push(schedule);
            let day = r.every.get().as_secs() >= 86_400;
            let at = if day {
                format!(" at {}", r.at)
            } else {
                String::new()
            };
            format!("{} is run every {}{at}.", r.name, r.every)
        };
        let count = u64::from(before != drills);
        let drills = drills.iter().map(|one| one.to_string().into()).collect();
        let mut spec = serde_json::Map::new();
        spec.insert("drills".to_owned(), serde_json::Value::Array(drills));
        self.object_set(
            request::ObjectSet {
                kind: Kind::HealthSettings,
                name: "default".to_owned(),
                set: Vec::new(),
                spec,
                // Another's change in between is not overwritten.
                revision: Some(revision),
                rename: None,
                dry_run: false,
            },
            peer,
        )
        .await?;
        Ok(Changed::nothing(count, text))
    }

    pub(super) async fn health_forecast(
        &self,
        r: request::HealthForecast,
    ) -> Result<ForecastReport, Fault> {
        let request = ControlRequest::Forecast { days: r.days };
        let reply = self.ask(Role::Worker, request).await;
        let mut report = expect_reply!(reply, Forecast)?;
        if !r.ical {
            report.calendar = None;
        }
        Ok(report)
    }

    /// The forecast as a calendar.
    pub(crate) async fn forecast_calendar(&self, days: u32) -> Result<String, Fault> {
        let asked = request::HealthForecast { days, ical: true };
        let report = self.health_forecast(asked).await?;
        Ok(report.calendar.unwrap_or_default())
    }
}
