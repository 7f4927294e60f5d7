//! A file of the disk in memory: writes that last only once synced.

use std::{
    io::{self, IoSlice},
    path::PathBuf,
};

use nix::errno::Errno;

use super::{Chance, FakeDisk, Inode, Verdict, Write, put};
use crate::disk::DiskFile;

#[derive(Debug)]
pub(super) struct FakeFile {
    pub(super) disk: FakeDisk,
    pub(super) number: u64,
    pub(super) path: PathBuf,
}

impl DiskFile for FakeFile {
    fn write_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut octets: Vec<u8> = Vec::new();
        for slice in slices {
            octets.extend_from_slice(slice);
        }
        let state = &mut *self.disk.0.state.lock();
        let mut result = Ok(());
        let mut chance = Chance(state.cut_seed ^ state.ops);
        if let Verdict::Fail(error) = state.step("write", &self.path) {
            octets.truncate(chance.below(octets.len() as u64 + 1) as usize);
            if state.is_dark() {
                octets.clear();
            }
            result = Err(error);
        }
        let Some(len) = state
            .inodes
            .get(&self.number)
            .map(|inode| inode.content.len())
        else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if let Some(capacity) = state.capacity {
            let room = capacity.saturating_sub(state.used()) as usize + len.saturating_sub(offset);
            if octets.len() > room {
                octets.truncate(room);
                result = Err(Errno::ENOSPC.into());
            }
        }
        if let Some(inode) = state.inodes.get_mut(&self.number) {
            put(&mut inode.content, offset, &octets);
            inode.pending.push(Write {
                offset,
                octets,
                doomed: false,
            });
        }
        result
    }

    fn sync(&self) -> io::Result<()> {
        if let Some(meanwhile) = self.disk.take_meanwhile() {
            meanwhile();
        }
        let state = &mut self.disk.0.state.lock();
        state.syncs_waiting += 1;
        while state.syncs_held {
            self.disk.0.syncs_released.wait(state);
        }
        state.syncs_waiting -= 1;
        let verdict = state.step("sync", &self.path);
        let Some(inode) = state.inodes.get_mut(&self.number) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match verdict {
            Verdict::Fail(error) => {
                for write in &mut inode.pending {
                    write.doomed = true;
                }
                Err(error)
            }
            Verdict::Go => {
                let Inode {
                    durable, pending, ..
                } = inode;
                pending.retain(|write| {
                    if !write.doomed {
                        put(durable, write.offset, &write.octets);
                    }
                    write.doomed
                });
                Ok(())
            }
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.0.state.lock();
        let inode = state
            .inodes
            .get(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = inode.content.get(offset..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        let state = self.disk.0.state.lock();
        let inode = state
            .inodes
            .get(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(inode.content.len() as u64)
    }

    fn allocate(&self, octets: u64) -> io::Result<()> {
        let state = &mut *self.disk.0.state.lock();
        if let Verdict::Fail(error) = state.step("allocate", &self.path) {
            return Err(error);
        }
        if state
            .capacity
            .is_some_and(|capacity| capacity.saturating_sub(state.used()) < octets)
        {
            return Err(Errno::ENOSPC.into());
        }
        let octets = usize::try_from(octets).map_err(io::Error::other)?;
        if let Some(inode) = state.inodes.get_mut(&self.number)
            && inode.content.len() < octets
        {
            inode.content.resize(octets, 0);
            inode.durable.resize(octets, 0);
        }
        Ok(())
    }
}
