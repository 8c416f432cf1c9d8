//! A drawn junction whose truth is known: seeded cars and walkers on a crossing, frame by frame as
//! YUV4MPEG2, with a table of how many of each are in the picture. Never shows a real person.

use std::io::{self, Write};

use crate::dice::Dice;

/// Width of the picture, pixels.
pub const WIDTH: usize = 640;
/// Height of the picture, pixels.
pub const HEIGHT: usize = 360;
/// Frames per second.
pub const FPS: usize = 10;

/// Half the width of each road, pixels: two lanes.
const ROAD: i32 = 52;
/// Centre of the crossing.
const CENTRE: (i32, i32) = (320, 180);
/// Seconds of green for one road, then the other.
const GREEN_S: usize = 12;
/// Seconds between the greens in which nobody enters.
const CLEAR_S: usize = 3;

/// A colour in BT.601 limited range.
type Colour = (u8, u8, u8);
const GRASS: Colour = (96, 112, 112);
const ASPHALT: Colour = (70, 128, 128);
const PAVEMENT: Colour = (140, 128, 128);
const PAINT: Colour = (225, 128, 128);
const CAR_COLOURS: [Colour; 5] = [
    (82, 90, 240),
    (200, 128, 128),
    (40, 128, 128),
    (60, 190, 110),
    (170, 60, 140),
];
const WALKER_COLOURS: [Colour; 3] = [(160, 100, 160), (110, 160, 90), (190, 110, 120)];

/// What is in one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Truth {
    /// Frame number from 0.
    pub frame: usize,
    /// Cars at least half inside the picture.
    pub cars: u32,
    /// Of these, cars that stand.
    pub standing: u32,
    /// Walkers at least half inside the picture.
    pub walkers: u32,
    /// Cars that have crossed the middle so far, west–east road and north–south road.
    pub crossed: [u32; 2],
}

impl Truth {
    /// First line of the table.
    pub const CSV_HEAD: &str = "frame,cars,standing,walkers,crossed_we,crossed_ns";

    /// Its line in the table.
    #[must_use]
    pub fn csv(&self) -> String {
        let Self {
            frame,
            cars,
            standing,
            walkers,
            crossed: [we, ns],
        } = self;
        format!("{frame},{cars},{standing},{walkers},{we},{ns}")
    }
}

/// The four ways in, by lane: direction of travel and offset of the lane from the road's middle.
const LANES: [((i32, i32), i32); 4] = [((1, 0), 26), ((-1, 0), -26), ((0, 1), -26), ((0, -1), 26)];

#[derive(Debug, Clone, Copy)]
struct Car {
    lane: usize,
    /// Place of its middle along the lane, tenths of a pixel before (−) or after the centre.
    at: i32,
    speed: i32,
    length: i32,
    colour: Colour,
    stands: bool,
    counted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Walker {
    /// Tenths of a pixel.
    x: i32,
    y: i32,
    step: i32,
    colour: Colour,
}

/// The junction as it moves.
#[derive(Debug)]
pub struct Junction {
    dice: Dice,
    frame: usize,
    cars: Vec<Car>,
    walkers: Vec<Walker>,
    crossed: [u32; 2],
    picture: Picture,
}

impl Junction {
    /// An empty junction; the seed decides who comes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::of(&[seed, 0x0c05]),
            frame: 0,
            cars: Vec::new(),
            walkers: Vec::new(),
            crossed: [0; 2],
            picture: Picture::new(),
        }
    }

    /// Moves on by a tenth of a second, draws, and tells the truth about what was drawn.
    pub fn step(&mut self) -> Truth {
        self.arrive();
        self.drive();
        for walker in &mut self.walkers {
            walker.x += walker.step;
        }
        self.walkers
            .retain(|w| (-100..=(WIDTH as i32) * 10 + 100).contains(&w.x));
        self.cars.retain(|c| c.at < 4_500);
        self.draw();
        let inside =
            |x: i32, y: i32| (0..WIDTH as i32).contains(&x) && (0..HEIGHT as i32).contains(&y);
        let seen = |c: &&Car| {
            let (x, y) = c.middle();
            inside(x, y)
        };
        let truth = Truth {
            frame: self.frame,
            cars: self.cars.iter().filter(seen).count() as u32,
            standing: self.cars.iter().filter(seen).filter(|c| c.stands).count() as u32,
            walkers: self
                .walkers
                .iter()
                .filter(|w| inside(w.x / 10, w.y / 10))
                .count() as u32,
            crossed: self.crossed,
        };
        self.frame += 1;
        truth
    }

    /// Writes `frames` frames as YUV4MPEG2 (C420jpeg chroma siting) to `film` and their truth to
    /// `table`.
    ///
    /// # Errors
    /// Whatever writing meets.
    pub fn film(
        &mut self,
        frames: usize,
        film: &mut dyn Write,
        table: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(
            film,
            "YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg"
        )?;
        writeln!(table, "{}", Truth::CSV_HEAD)?;
        for _ in 0..frames {
            let truth = self.step();
            film.write_all(b"FRAME\n")?;
            for plane in self.planes() {
                film.write_all(plane)?;
            }
            writeln!(table, "{}", truth.csv())?;
        }
        film.flush()?;
        table.flush()
    }

    /// The present picture: Y, Cb, Cr, 4:2:0.
    #[must_use]
    pub fn planes(&self) -> [&[u8]; 3] {
        [&self.picture.y, &self.picture.cb, &self.picture.cr]
    }

    /// Which road has green: 0 west–east, 1 north–south, or none while it clears.
    fn green(&self) -> Option<usize> {
        let second = self.frame / FPS % (2 * (GREEN_S + CLEAR_S));
        let (road, into) = (second / (GREEN_S + CLEAR_S), second % (GREEN_S + CLEAR_S));
        (into < GREEN_S).then_some(road)
    }

    fn arrive(&mut self) {
        for lane in 0..LANES.len() {
            let free = self.cars.iter().all(|c| c.lane != lane || c.at > -3_400);
            if free && self.dice.happens(22) {
                let (speed, length) = (55 + self.dice.below(40), 34 + self.dice.below(16));
                let colour = CAR_COLOURS[self.dice.below(CAR_COLOURS.len() as u64) as usize];
                self.cars.push(Car {
                    lane,
                    at: -4_200,
                    speed: speed as i32,
                    length: length as i32,
                    colour,
                    stands: false,
                    counted: false,
                });
            }
        }
        if self.walkers.len() < 12 && self.dice.happens(30) {
            let east = self.dice.happens(500);
            let bank = if self.dice.happens(500) {
                -(ROAD + 14)
            } else {
                ROAD + 14
            };
            let y = CENTRE.1 + bank + self.dice.below(12) as i32 - 6;
            let pace = 11 + self.dice.below(9) as i32;
            let colour = WALKER_COLOURS[self.dice.below(WALKER_COLOURS.len() as u64) as usize];
            let x = if east { -90 } else { WIDTH as i32 * 10 + 90 };
            let step = if east { pace } else { -pace };
            self.walkers.push(Walker {
                x,
                y: y * 10,
                step,
                colour,
            });
        }
    }

    fn drive(&mut self) {
        let green = self.green();
        let before = self.cars.clone();
        for car in &mut self.cars {
            let line = -(ROAD + 30) * 10 - car.length * 5;
            let ahead = before
                .iter()
                .filter(|o| o.lane == car.lane && o.at > car.at)
                .map(|o| o.at - o.length * 5 - car.length * 5 - 100)
                .min();
            let may = ahead.unwrap_or(i32::MAX);
            let may = match green {
                Some(road) if road == car.lane / 2 => may,
                // Whoever has passed the line drives on.
                _ if car.at > line => may,
                _ => may.min(line),
            };
            let to = (car.at + car.speed).min(may).max(car.at);
            car.stands = to == car.at;
            car.at = to;
            if !car.counted && car.at >= 0 {
                car.counted = true;
                self.crossed[car.lane / 2] += 1;
            }
        }
    }

    fn draw(&mut self) {
        self.picture.ground(self.green());
        for car in &self.cars {
            let (x, y) = car.middle();
            let across = LANES[car.lane].0.0 != 0;
            let (w, h) = if across {
                (car.length, 22)
            } else {
                (22, car.length)
            };
            self.picture.block(x - w / 2, y - h / 2, w, h, car.colour);
            // The roof, so that a car is no plain block.
            let (rw, rh) = (w * 6 / 10, h * 6 / 10);
            self.picture.block(
                x - rw / 2,
                y - rh / 2,
                rw,
                rh,
                (car.colour.0 / 2 + 16, 128, 128),
            );
        }
        for walker in &self.walkers {
            let (x, y) = (walker.x / 10, walker.y / 10);
            self.picture.block(x - 4, y - 6, 8, 14, walker.colour);
            self.picture.block(x - 2, y - 10, 4, 4, (170, 112, 144));
        }
    }
}

impl Car {
    fn middle(&self) -> (i32, i32) {
        let ((dx, dy), aside) = LANES[self.lane];
        let along = self.at / 10;
        if dx == 0 {
            (CENTRE.0 + aside, CENTRE.1 + dy * along)
        } else {
            (CENTRE.0 + dx * along, CENTRE.1 + aside)
        }
    }
}

#[derive(Debug)]
struct Picture {
    y: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
}

impl Picture {
    fn new() -> Self {
        let chroma = vec![128; WIDTH * HEIGHT / 4];
        Self {
            y: vec![16; WIDTH * HEIGHT],
            cb: chroma.clone(),
            cr: chroma,
        }
    }

    fn ground(&mut self, green: Option<usize>) {
        let (w, h) = (WIDTH as i32, HEIGHT as i32);
        let (cx, cy) = CENTRE;
        self.block(0, 0, w, h, GRASS);
        for edge in [26, 0] {
            let colour = if edge == 0 { ASPHALT } else { PAVEMENT };
            let half = ROAD + edge;
            self.block(0, cy - half, w, 2 * half, colour);
            self.block(cx - half, 0, 2 * half, h, colour);
        }
        // The last road drawn paints over the other's pavement: open the crossing again.
        self.block(0, cy - ROAD, w, 2 * ROAD, ASPHALT);
        for x in (0..w)
            .step_by(40)
            .filter(|x| (x + 10 - cx).abs() > ROAD + 30)
        {
            self.block(x, cy - 1, 20, 2, PAINT);
        }
        for y in (0..h)
            .step_by(40)
            .filter(|y| (y + 10 - cy).abs() > ROAD + 30)
        {
            self.block(cx - 1, y, 2, 20, PAINT);
        }
        for stripe in (-ROAD + 4..ROAD - 4).step_by(14) {
            for side in [-1, 1] {
                self.block(cx + side * (ROAD + 14) - 10, cy + stripe, 20, 7, PAINT);
                self.block(cx + stripe, cy + side * (ROAD + 14) - 10, 7, 20, PAINT);
            }
        }
        let lamp = |road| {
            if green == Some(road) {
                (150, 60, 60)
            } else {
                (90, 100, 220)
            }
        };
        for (x, y, road) in [(-1, -1, 0), (1, 1, 0), (1, -1, 1), (-1, 1, 1)] {
            self.block(
                cx + x * (ROAD + 34) - 5,
                cy + y * (ROAD + 34) - 5,
                10,
                10,
                lamp(road),
            );
        }
    }

    /// A filled block, cut at the picture's edges.
    fn block(&mut self, x: i32, y: i32, w: i32, h: i32, (luma, cb, cr): Colour) {
        let clip = |v: i32, max: usize| v.clamp(0, max as i32) as usize;
        let (x0, x1) = (clip(x, WIDTH), clip(x + w, WIDTH));
        let (y0, y1) = (clip(y, HEIGHT), clip(y + h, HEIGHT));
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        for row in y0..y1 {
            self.y[row * WIDTH + x0..row * WIDTH + x1].fill(luma);
        }
        for row in y0 / 2..y1.div_ceil(2) {
            let places = row * WIDTH / 2 + x0 / 2..row * WIDTH / 2 + x1.div_ceil(2);
            self.cb[places.clone()].fill(cb);
            self.cr[places].fill(cr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_one_film_and_one_truth() {
        let film = |seed| {
            let (mut film, mut table) = (Vec::new(), Vec::new());
            Junction::new(seed)
                .film(300, &mut film, &mut table)
                .unwrap();
            (film, String::from_utf8(table).unwrap())
        };
        let (a, b, c) = (film(1), film(1), film(2));
        assert!(a == b);
        assert_ne!(a.1, c.1);
        let head = a.0.iter().position(|b| *b == b'\n').unwrap() + 1;
        assert_eq!(a.0.len(), head + 300 * (6 + WIDTH * HEIGHT * 3 / 2));
        assert_eq!(a.1.lines().count(), 301);
    }

    #[test]
    fn cars_keep_apart_stop_at_red_and_are_counted_once() {
        let mut junction = Junction::new(7);
        let (mut last, mut stood, mut walked) = (Truth::default(), 0, 0);
        for _ in 0..3_000 {
            let truth = junction.step();
            assert!(truth.crossed[0] >= last.crossed[0] && truth.crossed[1] >= last.crossed[1]);
            stood += truth.standing;
            walked += truth.walkers;
            for a in &junction.cars {
                for b in junction
                    .cars
                    .iter()
                    .filter(|b| b.lane == a.lane && b.at > a.at)
                {
                    assert!(b.at - a.at >= (a.length + b.length) * 5, "cars overlap");
                }
            }
            last = truth;
        }
        assert!(last.crossed[0] > 20 && last.crossed[1] > 20, "{last:?}");
        assert!(stood > 100 && walked > 100);
    }
}
